package mock

import "fmt"

// Arguments are those of mcpload that have it serve the mock over stdio. Dirs are folders
// of profiles.
func (c Config) Arguments(dirs []string) []string {
	l := c.Profile.Limit
	promised := []string{"--rate", fmt.Sprint(l.Rate), "--burst", fmt.Sprint(l.Burst)}
	if c.lawful() {
		promised = nil
		for _, law := range c.Profile.Promise {
			promised = append(promised, "--promise", law.String())
		}
	}
	args := []string{"mock", "--server", c.Profile.Name, "--transport", "stdio"}
	args = append(args, promised...)
	args = append(args, "--fault", c.Fault, "--shape", string(c.Shape), "--charge", string(c.Charge), "--seed",
		fmt.Sprint(c.Seed), "--latency", c.Latency.String())
	if c.Fixture {
		args = append(args, "--fixture")
	}
	if c.ConformFault != "" {
		args = append(args, "--conform-fault", c.ConformFault)
	}
	for _, dir := range dirs {
		args = append(args, "--profiles", dir)
	}
	return args
}
