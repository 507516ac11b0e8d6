// Lets main.go declare functions without bodies.
