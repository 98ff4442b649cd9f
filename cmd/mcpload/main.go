// Command mcpload checks that MCP servers keep the rate limits they promise.
package main

import (
	"io"
	"log"
	"os"
)

func main() {
	log.SetOutput(io.Discard) // net/http's remarks on what servers say unasked would stand amid our own
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
