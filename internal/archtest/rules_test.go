package archtest_test

// A room is what the design lets one package do.
type room struct {
	imports []string // our own packages, by folder
	leaf    bool     // people import it: nothing beside the standard library and those above
	clock   bool     // may read the wall clock
	process bool     // may read the environment and end the process
}

// everything stands in a room's imports for all of ours.
const everything = "*"

// rooms is the design's table. A new package needs a row here, and a sentence
// in the design first.
var rooms = map[string]room{
	".": {imports: []string{"apikey", "history", "internal/target", "internal/wire", "mock", "profiles",
		"promise", "results", "results/compare", "runner", "runner/virtual", "scenarios", "scenarios/audit",
		"scenarios/conform", "scenarios/conform/drive", "scenarios/drive", "scenarios/load",
		"scenarios/load/drive", "scenarios/probe", "scenarios/probe/drive", "scenarios/startup",
		"scenarios/startup/drive", "verdict"}, clock: true},
	"apikey":          {leaf: true},
	"cmd/mcpload":     {imports: []string{everything}, clock: true, process: true},
	"examples/gotest": {imports: []string{"ratelimit", "ratelimit/mcpgo"}},
	"examples/plugin": {imports: []string{"apikey", "ratelimit", "ratelimit/mcpgo"}, process: true},
	"history":         {leaf: true, imports: []string{"internal/jsonscan"}},
	"history/vegeta":  {imports: []string{"history"}},
	"internal/agents": {imports: []string{".", "history", "internal/hint", "profiles",
		"results", "results/compare", "results/store", "scenarios/load", "scenarios/probe"}, clock: true},
	"internal/archtest": {},
	"internal/bearer":   {clock: true},
	"internal/catalogue": {imports: []string{"apikey", "internal/hint", "internal/invoked", "internal/revision",
		"internal/target", "mock", "profiles", "promise", "results/export", "results/screen", "scenarios",
		"scenarios/audit", "scenarios/conform", "scenarios/startup"}},
	"internal/hint":       {},
	"internal/jsonscan":   {},
	"internal/invoked":    {imports: []string{"apikey", "internal/hint", "internal/printable"}},
	"internal/kubernetes": {},
	"internal/launch":     {imports: []string{"internal/hint", "internal/wire", "profiles"}},
	"internal/live":       {imports: []string{"history", "promise"}},
	"internal/printable":  {},
	"internal/revision":   {},
	"internal/target": {imports: []string{"apikey", "history", "internal/bearer", "internal/hint",
		"internal/invoked", "internal/launch", "internal/printable", "internal/revision", "internal/wire",
		"internal/words", "mock", "profiles", "promise", "ratelimit", "results", "results/export",
		"results/screen", "runner", "scenarios", "scenarios/audit", "scenarios/load", "scenarios/shard",
		"scenarios/startup", "verdict"}, clock: true},
	"internal/telemetry": {imports: []string{"history", "internal/hint", "internal/invoked"}, clock: true},
	"internal/usage":     {imports: []string{"internal/hint", "promise"}},
	"internal/wire": {imports: []string{"apikey", "history", "internal/jsonscan", "internal/printable",
		"internal/revision"}, clock: true},
	"internal/words":    {},
	"internal/yamltext": {},
	"mcploadtest":       {imports: []string{".", "results", "verdict"}},
	"mock":              {imports: []string{"apikey", "internal/revision", "profiles", "promise", "ratelimit"}, clock: true},
	"profiles":          {imports: []string{"internal/invoked", "internal/yamltext", "promise"}},
	"profiles/foreign":  {imports: []string{"promise"}},
	"promise":           {leaf: true},
	"ratelimit":         {leaf: true, clock: true},
	"ratelimit/mcpgo":   {imports: []string{"ratelimit"}},
	"results": {imports: []string{"history", "history/vegeta", "internal/invoked", "internal/words",
		"internal/yamltext", "profiles", "promise", "results/screen", "verdict"}},
	"results/compare": {imports: []string{"history", "internal/words", "promise", "results", "results/export",
		"results/page", "results/screen", "verdict"}},
	"results/export": {imports: []string{"history", "internal/printable", "internal/words", "results",
		"results/page", "results/screen"}},
	"results/judge": {imports: []string{"history", "internal/hint", "internal/invoked", "profiles", "promise",
		"results", "scenarios", "scenarios/audit", "scenarios/load", "verdict"}},
	"results/merge": {imports: []string{"history", "internal/hint", "results", "results/judge",
		"scenarios/conform", "scenarios/load", "scenarios/shard", "verdict"}},
	"results/page":   {imports: []string{"history", "profiles", "promise", "results", "results/judge", "verdict"}},
	"results/screen": {},
	"results/store": {imports: []string{"history", "internal/hint", "internal/invoked", "internal/words",
		"results", "results/export", "results/screen"}},
	"results/ui": {imports: []string{"history", "internal/hint", "results", "results/compare", "results/page",
		"results/store", "verdict"}},
	"runner":         {imports: []string{"history", "internal/wire"}, clock: true},
	"runner/virtual": {imports: []string{"history"}},
	"scenarios":      {imports: []string{"history", "profiles", "promise", "verdict"}},
	"scenarios/audit": {imports: []string{"history", "internal/revision", "internal/words", "profiles", "promise",
		"scenarios", "verdict"}},
	"scenarios/conform": {imports: []string{"history", "internal/revision", "results"}},
	"scenarios/conform/drive": {imports: []string{"apikey", "internal/hint", "internal/invoked",
		"internal/target", "internal/wire", "internal/words", "promise", "results", "results/export",
		"results/screen", "scenarios/conform", "scenarios/shard"}, clock: true},
	"scenarios/drive": {imports: []string{"history", "internal/hint", "internal/invoked", "internal/revision",
		"internal/target", "internal/wire", "internal/words", "mock", "profiles", "promise", "ratelimit",
		"results", "results/export", "results/judge", "results/screen", "runner", "runner/virtual", "scenarios",
		"scenarios/audit", "scenarios/conform", "scenarios/probe", "scenarios/shard", "scenarios/startup",
		"verdict"}},
	"scenarios/load": {imports: []string{"history", "internal/invoked", "internal/printable", "internal/words",
		"internal/yamltext", "promise", "results", "scenarios/shard", "verdict"}},
	"scenarios/load/drive": {imports: []string{"history", "internal/hint", "internal/target", "internal/wire",
		"internal/words", "promise", "results", "results/export", "results/screen", "results/store", "runner",
		"scenarios/conform", "scenarios/drive", "scenarios/load", "scenarios/shard", "verdict"}, clock: true},
	"scenarios/probe": {imports: []string{"history", "profiles", "promise", "scenarios", "verdict"}},
	"scenarios/probe/drive": {imports: []string{"history", "internal/hint", "internal/invoked", "internal/revision",
		"internal/target", "internal/wire", "profiles", "promise", "results", "runner", "runner/virtual",
		"scenarios/audit", "scenarios/drive", "scenarios/probe", "verdict"}},
	"scenarios/shard": {imports: []string{"internal/hint"}},
	"scenarios/shard/drive": {imports: []string{"history", "internal/hint", "internal/invoked", "internal/words",
		"results", "results/merge", "results/store", "runner", "scenarios/shard"}, clock: true},
	"scenarios/startup": {imports: []string{"apikey", "internal/printable", "internal/words", "results/export",
		"results/screen", "verdict"}},
	"scenarios/startup/drive": {imports: []string{"apikey", "history", "internal/hint", "internal/invoked",
		"internal/target", "internal/wire", "mock", "profiles", "results", "runner", "scenarios/startup"}, clock: true},
	"scripts/mutants": {clock: true, process: true},
	"verdict":         {leaf: true, imports: []string{"history", "internal/words", "promise"}},
}

// vague names say nothing of what a package is, so no part of a path may be
// one.
var vague = []string{"util", "utils", "common", "helper", "helpers", "config", "types", "manager"}

// The longest that a file and a function may be, in lines.
const (
	maxFile     = 400
	maxFunction = 60
)

// lawArithmetic is what of package promise the judged must do by themselves: what a law
// grants, counts and remembers. Else one mistake there hides another here.
var lawArithmetic = []string{"NewMeter", "Most", "Refilled", "Applies", "Unreached", "Shortest", "Length", "Aside",
	"Rested"}

// The calls that only some rooms may make, by import path. Elapsed time comes
// from the clock too, so Since and Until count as Now.
var (
	clockCalls   = map[string][]string{"time": {"Now", "Since", "Until"}}
	processCalls = map[string][]string{
		"os":  {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Exit"},
		"log": {"Fatal", "Fatalf", "Fatalln"},
	}
)
