"""The commands, one module each. `cli` imports a module when its command is called."""
