package results

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// The elements of a JUnit report, as the Ant task writes and CI systems read it.
// The order of the fields is that of the schema.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Timestamp  string          `xml:"timestamp,attr"` // UTC without a zone
		Hostname   string          `xml:"hostname,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out"`
		Err        string          `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Time    string       `xml:"time,attr"`
		Skipped *junitSkip   `xml:"skipped"`
		Error   *junitReason `xml:"error"`
		Failure *junitReason `xml:"failure"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkip struct {
		Message string `xml:"message,attr"`
	}
)

// JUnit writes a finished document as a JUnit report: a suite a server, a case a
// scenario's check. What is inconclusive, and a server that could not run, is an
// error with its reason, never a pass; a finding in quarantine is skipped. A case
// has no time of its own: its scenario's stands at the first of its checks, so that
// sums are right. It fails with ErrUnfinished where Finish wasn't called.
func JUnit(w io.Writer, d *Document) error {
	if d.Schema != Schema {
		return ErrUnfinished
	}
	all := junitSuites{Name: "mcpload", Suites: []junitSuite{}}
	total := 0.0
	for i := range d.Servers {
		s, seconds := d.Servers[i].junit(d)
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		total += seconds
		all.Suites = append(all.Suites, s)
	}
	all.Time = junitSeconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("cannot write the JUnit report: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("cannot write the JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *Server) junit(d *Document) (suite junitSuite, seconds float64) {
	suite = junitSuite{
		Name: s.Server, Timestamp: strings.TrimSuffix(d.Started, "Z"), Hostname: "localhost",
		Properties: []junitProperty{
			{"target", s.Target.String()}, {"address", s.Target.Address}, {"protocol", s.Target.Protocol},
			{"limit", s.Promised()},
			{"measured", s.box()}, {"seed", d.SeedText()}, {"version", d.Version},
		},
		Out: strings.Join(append(s.Notes, s.Next()...), "\n"),
	}
	for _, sc := range s.Scenarios {
		seconds += sc.Rate.Seconds
		took := sc.Rate.Seconds
		if sc.Conform != nil {
			suite.Cases = append(suite.Cases, sc.junitRows(s.Server+"."+sc.Scenario)...)
			continue
		}
		for _, f := range sc.Findings {
			suite.Cases = append(suite.Cases, f.junit(s.Server+"."+sc.Scenario, took))
			took = 0
		}
	}
	if s.Error != "" || len(suite.Cases) == 0 {
		reason := cmp.Or(s.Error, "nothing was judged")
		suite.Cases = append(suite.Cases, junitCase{
			Class: s.Server, Name: "usable", Time: junitSeconds(0),
			Error: &junitReason{Message: reason, Type: "could-not-run", Text: strings.TrimSpace(reason + "\n" +
				s.Hint)},
		})
	}
	for _, c := range suite.Cases {
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	suite.Tests, suite.Time = len(suite.Cases), junitSeconds(seconds)
	return suite, seconds
}

func (f Finding) junit(class string, seconds float64) junitCase {
	c := junitCase{Class: class, Name: f.Check, Time: junitSeconds(seconds)}
	reason := &junitReason{Message: f.Saw, Type: f.Check, Text: f.words()}
	switch {
	case f.Verdict == verdict.Pass:
	case f.Quarantined:
		c.Skipped = &junitSkip{Message: "in quarantine: " + f.Saw}
	case f.Verdict == verdict.Fail:
		c.Failure = reason
	default:
		reason.Type = "inconclusive"
		c.Error = reason
	}
	return c
}

// words are a finding in full, a line a part.
func (f Finding) words() string {
	lines := []string{"want: " + f.Want, "saw: " + f.Saw}
	if f.Cause != "" {
		lines = append(lines, "cause: "+f.Cause)
	}
	if f.Witness != nil {
		lines = append(lines, "proof: "+f.Witness.Says())
	}
	for _, w := range f.Warnings {
		lines = append(lines, "warning: "+w)
	}
	return strings.Join(lines, "\n")
}

func junitSeconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }
