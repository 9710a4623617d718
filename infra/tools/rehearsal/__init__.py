"""The rehearsal of a deployment in an emulator."""
