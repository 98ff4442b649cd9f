package results

// workFirst is what to do where the good starts don't tell.
const workFirst = "get a good start to work first: nothing else proves anything before"

// refuseFirst is what to do where nothing was refused.
const refuseFirst = "get the server to refuse something first"

// startHints has a row for every check of the start-up scenario.
var startHints = []hint{
	{
		check: "starts",
		failed: "accept every format that the provider issues; keep the patterns in a table with dates, and warn " +
			"rather than refuse where one is unknown",
		open: "see that the command starts the server by hand, with --env for variables that it needs and --dir " +
			"for its folder; if it asks the provider whether the key is right, give a real one with --use-env",
	},
	{
		check: "refuses",
		failed: "check every credential before the server is made, let the error end the process, and see that no " +
			"except or catch swallows it",
		open: workFirst + "; on a slow machine, raise --limit",
	},
	{
		check:  "exit-status",
		failed: "end with status 1 on any error of the start: sys.exit(1), os.Exit(1), process.exit(1)",
		open:   refuseFirst,
	},
	{
		check:  "names-variable",
		failed: "name the environment variable in the message: who reads it knows no field of your settings class",
		open:   refuseFirst,
	},
	{
		check:  "names-format",
		failed: "say what the value should look like: its prefix, length and alphabet, never the value",
		open:   refuseFirst,
	},
	{
		check:  "no-traceback",
		failed: "catch the validation error in main, print its message on stderr and exit with 1",
		open:   refuseFirst,
	},
	{
		check:  "clean-stdout",
		failed: "send banners, logs and errors to stderr; clients read stdout line by line as MCP",
		open:   workFirst,
	},
	{
		check:  "honest-readiness",
		failed: "announce after the credentials are checked and the listener is open",
		open:   workFirst,
	},
	{
		check: "no-leak-output",
		failed: "never print a value: keep it out of messages, exceptions and repr; pydantic's SecretStr and " +
			"hide_input_in_errors help, apikey.Redactor does in Go",
		open: workFirst,
	},
	{
		check: "no-leak-reply",
		failed: "answer errors with a text of your own; the client, and the model behind it, reads what the " +
			"exception says",
		open: workFirst,
	},
	{
		check:  "no-leak-log",
		failed: "redact in the log handler, not at each call",
		open: "see that the log files are the right ones (--log, or launch.logs in the profile), and that the " +
			"server writes them",
	},
	{
		check: "no-leak-command-line",
		failed: "pass credentials to child processes in the environment or by a file: every user of the machine " +
			"reads command lines",
		open: "see that the process lives long enough to be looked at; on systems other than Linux none can be " +
			"followed",
	},
}
