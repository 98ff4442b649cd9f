package invoked

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
)

// A Budget is what traffic may take.
type Budget struct {
	Calls int
	Time  time.Duration
}

// ParseBudget reads `calls=400,time=60s`, the --budget of every command; of a part that is
// left out, b is taken. A time may stand alone, as 60s does. Where b has no calls, none are
// counted: a time is all that can be said, and a bare number is one in seconds, as it is of
// every other flag. Elsewhere a bare number might be either, and is asked about.
func ParseBudget(s string, b Budget) (Budget, error) {
	if s == "" {
		return b, nil
	}
	counts := b.Calls > 0
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		name, value, named := strings.Cut(part, "=")
		if !named {
			name, value = "time", part
		}
		seconds, bare := strconv.ParseFloat(value, 64)
		var err error
		switch {
		case counts && !named && bare == nil && seconds > 0:
			return b, hint.New(fmt.Errorf("--budget %q is of calls or of time", part), fmt.Sprintf("--budget calls=%s "+
				"for as many calls, --budget %ss for as many seconds", value, value))
		case counts && name == "calls":
			b.Calls, err = strconv.Atoi(value)
		case name != "time":
			err = errors.New("it is neither calls=N nor time=D")
		case bare == nil:
			b.Time = time.Duration(seconds * float64(time.Second))
		default:
			b.Time, err = time.ParseDuration(value)
		}
		if err != nil || counts && b.Calls < 1 || b.Time <= 0 {
			return b, noBudget(part, counts)
		}
	}
	return b, nil
}

func noBudget(part string, counts bool) error {
	if !counts {
		return hint.New(fmt.Errorf("--budget %q is no time above 0", part), "such as 5m")
	}
	return hint.New(fmt.Errorf("%q is no budget above 0", part), "a budget is of calls, of time or of both: "+
		"calls=400, time=60s or calls=400,time=60s")
}
