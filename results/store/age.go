package store

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ParseAge reads an age above 0, such as 12h, 30d or 8w.
func ParseAge(s string) (time.Duration, error) {
	refused := fmt.Errorf("%q is no age above 0, such as 12h, 30d or 8w", s)
	for unit, day := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			if err != nil || n == 0 {
				return 0, refused
			}
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, refused
	}
	return d, nil
}

// IsDamage reports if a name below runs/ is among what can't be read.
func IsDamage(list []Damage, name string) bool {
	for _, d := range list {
		if strings.HasSuffix(d.Path, string(os.PathSeparator)+name) {
			return true
		}
	}
	return false
}
