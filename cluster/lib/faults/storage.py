"""Where the nodes of a stage keep their data."""


class PlainStorage:
    """Folders on the disk that the repository is on."""

    name = "disk"

    def prepare(self, cluster):
        """Called before the nodes are formatted."""

    def heal(self, cluster):
        """Called before nodes that ended are started again."""

    def close(self):
        """Called when all processes have ended."""
