// Command mcpload checks that MCP servers keep the rate limits they promise.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
