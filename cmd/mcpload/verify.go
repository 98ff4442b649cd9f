package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// verifyFlags are the flags of verify, as given.
type verifyFlags struct {
	rate      string
	burst     int
	scope     string
	tolerance float64
	format    string
	charges   []string
}

func (a *app) verifyCommand() *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify --rate R --burst B HISTORY.jsonl|-",
		Short: "Judge a recorded history against a rate limit, offline",
		Long: `Verify reads a history, one call a line, and proves whether an honest token
bucket of the given rate and burst can have produced it, whatever the delays
were. The bucket is taken to be full at first use.

Each line is a JSON object with sent_ns, received_ns (nanoseconds of one clock)
and outcome (admitted, limited or unknown); client, method and others are
optional, and unknown fields are ignored.

Exit status: 0 pass, 1 fail, 2 could not judge, 3 nothing to judge.`,
		Example: `  mcpload run --server acb --save-history acb.jsonl
  mcpload verify --rate 15 --burst 40 acb.jsonl
  zcat access.log.gz | jq -c -f to-history.jq | mcpload verify --rate 300/1m --burst 20 -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return hinted{fmt.Errorf("verify takes one history, not %d", len(args)), "name a file, or - for standard input"}
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.verify(f, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.rate, "rate", "", "promised rate: 12, 12/s, 300/1m, 0.5/s (required)")
	flags.IntVar(&f.burst, "burst", 0, "promised burst in `tokens` (required)")
	flags.StringVar(&f.scope, "scope", "global", "who shares a bucket: global or client")
	flags.Float64Var(&f.tolerance, "tolerance", verdict.DefaultTolerance, "widens the burst on both sides, in `tokens`")
	flags.StringVar(&f.format, "format", "table", "table or json")
	flags.StringSliceVar(&f.charges, "charges", nil, "methods that cost a token (default: every request)")
	return cmd
}

// limit is the promise that the flags make.
func (f *verifyFlags) limit() (profiles.Limit, error) {
	l := profiles.Limit{Scope: profiles.Scope(f.scope), Charges: []string{"*"}, Burst: f.burst}
	if len(f.charges) > 0 {
		l.Charges = f.charges
	}
	if f.rate == "" {
		return l, hinted{errors.New("verify needs the promised --rate"), "for example --rate 15/s --burst 40"}
	}
	rate, burst, err := profiles.ParseLimit(f.rate)
	if err != nil {
		return l, fmt.Errorf("--rate: %w", err)
	}
	l.Rate = rate
	if l.Burst == 0 {
		l.Burst = burst
	}
	switch {
	case l.Burst == 0:
		return l, hinted{errors.New("verify needs the promised --burst"), "for example --rate 15/s --burst 40"}
	case l.Burst < 0:
		return l, fmt.Errorf("--burst %d is not 1 or more", l.Burst)
	case l.Scope != profiles.Global && l.Scope != profiles.Client:
		return l, fmt.Errorf("--scope %q is neither global nor client", f.scope)
	case math.IsNaN(f.tolerance) || f.tolerance < 0 || f.tolerance >= 1:
		return l, fmt.Errorf("--tolerance %g is not from 0 to below 1 token", f.tolerance)
	case f.format != "table" && f.format != "json":
		return l, fmt.Errorf("--format %q is neither table nor json", f.format)
	}
	return l, nil
}

func (a *app) verify(f *verifyFlags, name string) error {
	limit, err := f.limit()
	if err != nil {
		return err
	}
	in, end, err := a.in(name)
	if err != nil {
		return err
	}
	defer end()
	// A history is kept in a few great slices, and reading one allocates hardly
	// anything else: collecting more often costs little, and bounds the memory.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	evidence := verdict.NewEvidence(limit)
	err = history.NewReader(in).Each(func(line int, c *history.Call) error {
		evidence.Add(line, c)
		return nil
	})
	if err != nil {
		return hinted{err, "each line is one call, such as " + `{"sent_ns":0,"received_ns":812345,"outcome":"admitted"}`}
	}
	j := evidence.Judge(limit.Rate, limit.Burst, f.tolerance)
	a.status = map[verdict.Verdict]int{verdict.Pass: exitPass, verdict.Fail: exitFail, verdict.Inconclusive: exitInconclusive}[j.Verdict]
	if f.format == "json" {
		return writeJudgement(a.stdout, j)
	}
	return tellJudgement(a.stdout, limit, j)
}

// in opens a file, or standard input for -.
func (a *app) in(name string) (io.Reader, func(), error) {
	if name == "-" {
		return a.stdin, func() {}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the history: %w", err)
	}
	return file, func() { _ = file.Close() }, nil // it was only read
}

// The documents of mcpload.verify/v1.
type (
	judgementJSON struct {
		Schema        string            `json:"schema"`
		Verdict       verdict.Verdict   `json:"verdict"`
		Calls         int               `json:"calls"`
		Tolerance     float64           `json:"tolerance"`
		OverAdmission admissionJSON     `json:"over_admission"`
		OverRejection rejectionJSON     `json:"over_rejection"`
		Measured      *results.Measured `json:"measured"`
	}
	admissionJSON struct {
		Violated bool         `json:"violated"`
		BurstMin float64      `json:"burst_min"`
		Witness  *witnessJSON `json:"witness"`
	}
	rejectionJSON struct {
		Violated bool         `json:"violated"`
		BurstMax *float64     `json:"burst_max"` // null where nothing was refused
		Witness  *witnessJSON `json:"witness"`
	}
	witnessJSON struct {
		FromNS   int64   `json:"from_ns"`
		ToNS     int64   `json:"to_ns"`
		Calls    []int   `json:"calls"`
		Admitted int     `json:"admitted"`
		Allowed  float64 `json:"allowed"`
	}
)

func witnessOf(w *verdict.Witness) *witnessJSON {
	if w == nil {
		return nil
	}
	return &witnessJSON{FromNS: int64(w.From), ToNS: int64(w.To), Calls: w.Calls, Admitted: w.Admitted, Allowed: w.Allowed}
}

func writeJudgement(w io.Writer, j verdict.Judgement) error {
	doc := judgementJSON{
		Schema: "mcpload.verify/v1", Verdict: j.Verdict, Calls: j.Calls, Tolerance: j.Tolerance,
		OverAdmission: admissionJSON{j.OverAdmission.Violated, j.OverAdmission.Burst, witnessOf(j.OverAdmission.Witness)},
		OverRejection: rejectionJSON{Violated: j.OverRejection.Violated, Witness: witnessOf(j.OverRejection.Witness)},
	}
	if !math.IsInf(j.OverRejection.Burst, 1) {
		doc.OverRejection.BurstMax = &j.OverRejection.Burst
	}
	if j.Measured != nil {
		doc.Measured = results.Box(*j.Measured)
	}
	return printJSON(w, doc)
}

// tellJudgement says a judgement to a person.
func tellJudgement(w io.Writer, l profiles.Limit, j verdict.Judgement) error {
	var s strings.Builder
	headline := map[verdict.Verdict]string{
		verdict.Pass:         "an honest token bucket can have produced this history",
		verdict.Fail:         "no honest token bucket can have produced this history",
		verdict.Inconclusive: "there is nothing to judge: no call was certainly admitted, and none refused",
	}
	fmt.Fprintf(&s, "%s: %s\n", j.Verdict, headline[j.Verdict])
	fmt.Fprintf(&s, "  judged    %d calls against %g/s burst %d, scope %s, tolerance %g tokens\n", j.Calls, l.Rate, l.Burst, l.Scope, j.Tolerance)
	if j.Verdict != verdict.Inconclusive {
		fmt.Fprintf(&s, "  admitted  need a burst of at least %.2f: %s\n", j.OverAdmission.Burst, judged(j.OverAdmission.Violated, "over-admission"))
		bound := "nothing was refused"
		if !math.IsInf(j.OverRejection.Burst, 1) {
			bound = fmt.Sprintf("allow a burst below %.2f: %s", j.OverRejection.Burst, judged(j.OverRejection.Violated, "over-rejection"))
		}
		fmt.Fprintf(&s, "  refusals  %s\n", bound)
		if j.Measured != nil {
			fmt.Fprintf(&s, "  measured  %s\n", j.Measured)
		} else {
			fmt.Fprintf(&s, "  measured  no token bucket of any rate and burst explains the history\n")
		}
	}
	tellWitness(&s, "over-admission", j.OverAdmission.Witness, "were admitted, %.2f are allowed")
	tellWitness(&s, "over-rejection", j.OverRejection.Witness, "at most were taken of %.2f, and the first of these calls was refused")
	_, err := io.WriteString(w, s.String())
	return err
}

func judged(violated bool, name string) string {
	if violated {
		return name
	}
	return "kept"
}

func tellWitness(s *strings.Builder, name string, w *verdict.Witness, form string) {
	if w == nil {
		return
	}
	fmt.Fprintf(s, "\nwitness of %s: in %d ns from %d to %d, %d tokens ", name, int64(w.To-w.From), int64(w.From), int64(w.To), w.Admitted)
	fmt.Fprintf(s, form+"\n", w.Allowed)
	lines := make([]string, 0, len(w.Calls))
	for i, n := range w.Calls {
		if i == 60 {
			lines = append(lines, fmt.Sprintf("and %d more", len(w.Calls)-i))
			break
		}
		lines = append(lines, fmt.Sprint(n))
	}
	fmt.Fprintf(s, "  lines %s\n", strings.Join(lines, ", "))
}
