"""The partition-fault suite: three real nodes, real clients, and everything that can go wrong between them."""
