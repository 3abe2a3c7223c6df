import Glibc

// Closed pipes and connections are errors of the call that meets them, not a reason to die without a word.
signal(SIGPIPE, SIG_IGN)
exit(CommandLineTool(commands: Command.all).run(Array(CommandLine.arguments.dropFirst())))
