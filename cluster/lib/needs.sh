# shellcheck shell=bash
# What the scripts need on this machine, and how it gets there. Sourced by the commands in cluster/.
#
# Each need is looked for first, so that a second run installs nothing and asks nobody.

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
venv="$repository/.venv"
command_name="cluster/$(basename "$0")"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$command_name: $*"
    exit 1
}

# A wrong argument is refused by name, with exit code 2.
refuse() {
    say "$command_name: $*"
    say "try: $command_name --help"
    exit 2
}

# Runs the rest as root, or fails when there is no way to.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_be_root() {
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# Is what the Debian package $1 gives there already, from whatever source?
have_package() {
    case "$1" in
        python3) command -v python3 >/dev/null ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        kcat | gcc | g++ | shellcheck) command -v "$1" >/dev/null ;;
        libc6-dev) printf '#include <stdio.h>\n' | gcc -E -x c - >/dev/null 2>&1 ;;
        librdkafka-dev) printf '#include <librdkafka/rdkafka.h>\n' | gcc -E -x c - >/dev/null 2>&1 ;;
        *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
    esac
}

# require_packages NAME...: installs the Debian packages that are missing, or says exactly which to install.
require_packages() {
    local missing=() name
    for name in "$@"; do
        have_package "$name" || missing+=("$name")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    if ! command -v apt-get >/dev/null; then
        fail "missing: ${missing[*]} (Debian's names); install what corresponds to them on this system"
    fi
    if ! can_be_root; then
        fail "missing Debian packages; as root, run: apt-get install ${missing[*]}"
    fi
    say "installing Debian packages: ${missing[*]}"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
    if ! as_root "${install[@]}" "${missing[@]}" >/dev/null 2>&1; then
        as_root apt-get update -q >/dev/null || fail "apt-get update failed"
        as_root "${install[@]}" "${missing[@]}" >&2 || fail "apt-get could not install: ${missing[*]}"
    fi
    for name in "${missing[@]}"; do
        have_package "$name" || fail "apt-get installed $name, but what it should give is still not found"
    done
}

# What the fault suite breaks a cluster with. Without root's rights it does what it can without them.
require_fault_packages() {
    if [ "$(id -u)" -eq 0 ]; then
        require_packages nftables iproute2 strace gcc libc6-dev libfuse3-dev e2fsprogs
    fi
}

# What is linked with everything that is built; see Package.swift.
library_packages=(libpcre2-dev zlib1g-dev liblz4-dev libzstd-dev libsnappy-dev)

# Puts swift on PATH, or says what to do, and has what a build needs. The version is the one Package.swift asks for.
require_swift() {
    require_packages "${library_packages[@]}"
    if ! command -v swift >/dev/null && [ -x /opt/swift/usr/bin/swift ]; then
        PATH="/opt/swift/usr/bin:$PATH"
        export PATH
    fi
    if ! command -v swift >/dev/null; then
        say "$command_name: no Swift toolchain: swift is neither on PATH nor in /opt/swift/usr/bin"
        say "  Get Swift 6.3 for this system from https://www.swift.org/install/linux/ and unpack it so that"
        say "  /opt/swift/usr/bin/swift exists, or put its usr/bin on PATH. Then run $command_name again."
        exit 1
    fi
    local version
    version="$(swift --version 2>&1)" || fail "swift --version fails: $version"
    case "$version" in
        *"Swift version 6."[2-9]* | *"Swift version 6."[1-9][0-9]* | *"Swift version "[7-9]*) ;;
        *) fail "Swift 6.2 or later is needed, 6.3 is what this is built with; found: ${version%%$'\n'*}" ;;
    esac
}

# The Python clients, at the pinned versions, in .venv/; made again when the list changes or an install was cut short.
require_venv() {
    require_packages python3 python3-venv
    local list="$repository/cluster/lib/requirements.txt" stamp="$venv/requirements.installed"
    if [ -x "$venv/bin/python3" ] && cmp -s "$list" "$stamp" && "$venv/bin/python3" -c '' 2>/dev/null; then
        return 0
    fi
    say "installing the Python clients into .venv/"
    python3 -m venv --clear "$venv" || fail "python3 -m venv failed"
    "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check -r "$list" >&2 \
        || fail "pip could not install the list in cluster/lib/requirements.txt"
    cp "$list" "$stamp"
}

# An incremental build does not always rebuild the modules that use a type whose stored properties have changed, and
# what comes out crashes, or worse. After a change of the sources a build begins from nothing.
# discard_stale_build FOLDER CONFIGURATION WHAT...: the build folder, release or debug, and the files and folders below
# the repository it is made from.
discard_stale_build() {
    local folder="$1" configuration="$2" stamp="$1/$2-sources" sources
    shift 2
    sources="$(cd "$repository" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$sources" ]; then
        rm -rf "${folder:?}"/*/"${configuration:?}"
        mkdir -p "$folder"
        printf '%s\n' "$sources" >"$stamp"
    fi
}

# Builds the release binary and exports where it is. CLUSTER_HOLDFAST names one built elsewhere instead.
require_holdfast() {
    if [ -n "${CLUSTER_HOLDFAST:-}" ]; then
        [ -x "$CLUSTER_HOLDFAST" ] || fail "CLUSTER_HOLDFAST=$CLUSTER_HOLDFAST is not an executable file"
        return 0
    fi
    require_swift
    say "building holdfast (release)"
    discard_stale_build "$repository/.build" release Package.swift Sources
    local build=(swift build --package-path "$repository" -c release --static-swift-stdlib --product holdfast)
    "${build[@]}" >&2 || fail "the build failed: ${build[*]}"
    CLUSTER_HOLDFAST="$("${build[@]}" --show-bin-path)/holdfast"
    export CLUSTER_HOLDFAST
}

# Builds the fuzzer and exports where it is. The package's modules are built by the package manager, instrumented, and
# linked with Tests/Fuzz and the samples of other tests by hand: the manifest must not name such flags, and libFuzzer
# brings a main of its own. CRC-32C is replaced (Tests/Fuzz/checksum.c).
require_fuzzer() {
    local folder="$repository/.build/fuzz" build objects sources target products checks="fuzzer,address" package
    CLUSTER_FUZZER="$folder/holdfast-fuzz"
    export CLUSTER_FUZZER
    sources=(Tests/Fuzz Tests/KafkaWireTests Tests/KafkaGatewayTests)
    package="$(basename "$repository" | tr '[:upper:]' '[:lower:]' | tr -c '[:alnum:]\n' _)"
    discard_stale_build "$folder" release Package.swift Sources
    build=(swift build --package-path "$repository" --scratch-path "$folder" -c release -Xswiftc -enable-testing
        -Xswiftc "-sanitize=$checks" -Xcc -fsanitize=fuzzer-no-link -Xcc -fsanitize=address
        -Xswiftc -assert-config -Xswiftc Debug)
    products="$("${build[@]}" --show-bin-path)"
    if [ -x "$CLUSTER_FUZZER" ] && [ -d "$products" ] &&
        [ -z "$(cd "$repository" && find "${sources[@]}" -newer "$CLUSTER_FUZZER" -print -quit)" ]; then
        return 0
    fi
    say "building the fuzzer"
    for target in Server Simulator; do
        "${build[@]}" --target "$target" >&2 || fail "the build failed: ${build[*]} --target $target"
    done
    mapfile -t objects < <(find "$products" -path '*.build/*' -name '*.o' ! -name 'crc32c.c.o')
    (
        cd "$repository"
        clang -O1 -c -I Sources/CSystem/include Tests/Fuzz/checksum.c -o "$folder/checksum.o"
        swiftc "-sanitize=$checks" -assert-config Debug -O -wmo -parse-as-library -swift-version 6 \
            -module-name Fuzz -package-name "$package" \
            -I "$products/Modules" -Xcc -fmodule-map-file="$products/CSystem.build/module.modulemap" \
            -Xcc -fmodule-map-file=Sources/CPcre2/module.modulemap \
            -Xcc -fmodule-map-file=Sources/CZlib/module.modulemap -Xcc -fmodule-map-file=Sources/CLz4/module.modulemap \
            -Xcc -fmodule-map-file=Sources/CZstd/module.modulemap \
            -Xcc -fmodule-map-file=Sources/CSnappy/module.modulemap -lpcre2-8 -lz -llz4 -lzstd -lsnappy \
            Tests/Fuzz/*.swift Tests/KafkaWireTests/{Samples+*,Messages,TestValues}.swift \
            Tests/KafkaGatewayTests/{Test*,Requests}.swift "$folder/checksum.o" "${objects[@]}" \
            -o "$CLUSTER_FUZZER" 2>&1 | sed '/warning: Cannot export local symbol/d' >&2
    ) || fail "linking the fuzzer failed"
}

# Exports the binary that an earlier command built, if there is one: a look at a cluster builds nothing.
find_holdfast() {
    if [ -z "${CLUSTER_HOLDFAST:-}" ] && [ -x "$repository/.build/release/holdfast" ]; then
        export CLUSTER_HOLDFAST="$repository/.build/release/holdfast"
    fi
}

# Stops here, before anything is installed or built, when the arguments are wrong or only ask for help.
# $1: the Python program that owns the arguments; $2: its command, or ""; then the arguments themselves.
check_arguments() {
    local program="$1" command="$2" argument
    shift 2
    require_packages python3
    CLUSTER_ONLY_CHECK=1 python3 "$repository/cluster/lib/$program" ${command:+"$command"} "$@" || exit $?
    for argument in "$@"; do
        case "$argument" in -h | --help) exit 0 ;; esac
    done
}

# The nodes are driven by one Python program, so that every command agrees on files, ports and process ids.
nodes() { python3 "$repository/cluster/lib/command.py" "$@"; }
