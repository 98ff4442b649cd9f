package audit

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// respelt changes a url; one that can't be read stays as it is.
func respelt(change func(u *url.URL)) func(raw string) string {
	return func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil {
			return raw
		}
		change(u)
		return u.String()
	}
}

// spellings are other ways to write the url that is asked.
func spellings() []trickForm {
	path := func(name string, change func(u *url.URL)) trickForm {
		place := respelt(change)
		return trickForm{name, func(int) Guise {
			return Guise{Opens: true, Place: func(raw string) string {
				if u, err := url.Parse(raw); err != nil || strings.Trim(u.Path, "/") == "" {
					return raw
				}
				return place(raw)
			}}
		}}
	}
	return []trickForm{
		path("two slashes in the url", func(u *url.URL) { u.Path = "/" + u.Path }),
		path("parameter in the url", func(u *url.URL) { u.Path += ";audit=1" }),
		path("dot in the url", func(u *url.URL) { u.Path = "/." + u.Path }),
		path("url in another case", func(u *url.URL) { u.Path = swapped(u.Path) }),
		path("url with an escaped letter", func(u *url.URL) {
			u.RawPath = u.Path[:len(u.Path)-1] + fmt.Sprintf("%%%02x", u.Path[len(u.Path)-1])
		}),
		{"query in the url", func(n int) Guise {
			return Guise{Opens: true, Place: respelt(func(u *url.URL) {
				q := u.Query()
				q.Set("audit", strconv.Itoa(n))
				u.RawQuery = q.Encode()
			})}
		}},
		{"slash at the end of the url", func(int) Guise {
			return Guise{Opens: true, Place: respelt(func(u *url.URL) {
				if cut, ok := strings.CutSuffix(u.Path, "/"); ok {
					u.Path = cut
				} else {
					u.Path += "/"
				}
			})}
		}},
	}
}

// otherHost is this machine by its other name.
func otherHost() trickForm {
	return trickForm{"other name of this machine", func(n int) Guise {
		return Guise{Opens: true, Elsewhere: true, Place: respelt(func(u *url.URL) {
			names := []string{"127.0.0.1", "localhost", "[::1]"}
			host := u.Hostname()
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			at := slices.Index(names, host)
			u.Host = names[(at+n)%len(names)] + strings.TrimPrefix(u.Host, host)
		})}
	}}
}
