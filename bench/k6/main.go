// K6 as the Go proxy has it.
package main

import "go.k6.io/k6/cmd"

func main() { cmd.Execute() }
