package bearer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A resourceMetadata is what a resource says of itself (RFC 9728, section 2).
type resourceMetadata struct {
	Resource string   `json:"resource"`
	Servers  []string `json:"authorization_servers"`
	Scopes   []string `json:"scopes_supported"`
}

// A serverMetadata is what an authorization server says of itself (RFC 8414, section
// 2; OpenID Connect Discovery 1.0, section 3).
type serverMetadata struct {
	Issuer  string   `json:"issuer"`
	Token   string   `json:"token_endpoint"`
	Grants  []string `json:"grant_types_supported"`
	Methods []string `json:"token_endpoint_auth_methods_supported"`
}

// discover finds out who issues tokens for the resource.
func (c *Client) discover(ctx context.Context, asked challenge) (*Issuing, error) {
	at, err := url.Parse(c.Resource)
	if err != nil {
		return nil, errors.New("the server's address can't be read")
	}
	at.User, at.Fragment, at.RawQuery = nil, "", ""
	found := &Issuing{Resource: at.String(), Issuer: c.Issuer}
	if c.Issuer == "" {
		m, err := c.resource(ctx, at, asked)
		if err != nil {
			return nil, err
		}
		found.Resource, found.Issuer, found.Scopes = m.Resource, m.Servers[0], m.Scopes
	}
	s, err := c.server(ctx, found.Issuer)
	if err != nil {
		return nil, err
	}
	found.Issuer, found.Endpoint, found.Post = s.Issuer, s.Token, !takesBasic(s.Methods)
	if err := c.trustworthy(found.Endpoint); err != nil {
		return nil, err
	}
	if len(s.Grants) > 0 && !slices.Contains(s.Grants, "client_credentials") {
		return nil, fmt.Errorf("the authorization server %s grants nothing for client credentials, but %s",
			public(found.Issuer), brief(strings.Join(s.Grants, ", ")))
	}
	return found, nil
}

// trustworthy refuses to send a secret where anybody on the way reads it, unless
// that is this machine.
func (c *Client) trustworthy(endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the authorization server names no token endpoint that can be requested")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("the token endpoint %s is without TLS, and the client's credentials would go there",
			public(endpoint))
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// resource gets the resource's metadata: from where the challenge says, else from
// the well-known place of its path, else that of its host (RFC 9728, section 3.1).
func (c *Client) resource(ctx context.Context, at *url.URL, asked challenge) (resourceMetadata, error) {
	var places []string
	if asked.metadata != "" {
		named, err := at.Parse(asked.metadata)
		if err != nil || named.Scheme != "http" && named.Scheme != "https" {
			return resourceMetadata{}, errors.New("the server's challenge names metadata at an address that can't be " +
				"requested")
		}
		places = []string{named.String()}
	} else {
		places = wellKnown(at, "oauth-protected-resource")
		if at.Path != "" && at.Path != "/" {
			places = append(places, wellKnown(&url.URL{Scheme: at.Scheme, Host: at.Host},
				"oauth-protected-resource")...)
		}
	}
	var m resourceMetadata
	place, err := c.first(ctx, places, &m)
	switch {
	case err != nil:
		return m, fmt.Errorf("nothing says who issues tokens for %s: %w", public(at.String()), err)
	case len(m.Servers) == 0:
		return m, fmt.Errorf("the metadata at %s names no authorization server", public(place))
	case !within(at, m.Resource):
		return m, fmt.Errorf("the metadata at %s is of another resource, %s", public(place), brief(public(m.Resource)))
	}
	return m, nil
}

// within reports if a resource is the endpoint, or what it lies in: others must not
// be given our tokens in its name (RFC 9728, section 3.3).
func within(at *url.URL, resource string) bool {
	r, err := url.Parse(resource)
	if err != nil || !strings.EqualFold(r.Scheme, at.Scheme) || !strings.EqualFold(r.Host, at.Host) {
		return false
	}
	base := strings.TrimSuffix(r.Path, "/")
	return at.Path == base || strings.HasPrefix(at.Path, base+"/") || at.Path == r.Path
}

// server gets an authorization server's metadata, which must be of the issuer that
// was asked for (RFC 8414, section 3.3).
func (c *Client) server(ctx context.Context, issuer string) (serverMetadata, error) {
	var m serverMetadata
	at, err := url.Parse(issuer)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return m, fmt.Errorf("the issuer %q is no address", brief(public(issuer)))
	}
	places := append(wellKnown(at, "oauth-authorization-server"), wellKnown(at, "openid-configuration")...)
	if path := strings.TrimSuffix(at.Path, "/"); path != "" {
		places = append(places, (&url.URL{Scheme: at.Scheme, Host: at.Host,
			Path: path + "/.well-known/openid-configuration"}).String())
	}
	place, err := c.first(ctx, places, &m)
	switch {
	case err != nil:
		return m, fmt.Errorf("the authorization server %s says nothing of itself: %w", public(issuer), err)
	case strings.TrimSuffix(m.Issuer, "/") != strings.TrimSuffix(issuer, "/"):
		return m, fmt.Errorf("the metadata at %s is of another issuer, %s", public(place), brief(public(m.Issuer)))
	}
	return m, nil
}

// wellKnown is where metadata of a kind stands: the well-known name goes between the
// host and the path (RFC 8414, section 3.1).
func wellKnown(at *url.URL, kind string) []string {
	path := strings.TrimSuffix(at.Path, "/")
	return []string{(&url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/.well-known/" + kind + path}).String()}
}

// first reads the JSON at the first of several places that has any, and says which
// that is.
func (c *Client) first(ctx context.Context, places []string, to any) (place string, err error) {
	var seen []string
	for _, place = range places {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
		if err != nil {
			return place, errors.New("an address can't be requested")
		}
		q.Header.Set("Accept", "application/json")
		status, body, err := c.do(q)
		switch {
		case err != nil:
			return place, fmt.Errorf("GET %s: %w", public(place), err)
		case status == http.StatusOK && json.Unmarshal(body, to) == nil:
			return place, nil
		case status == http.StatusOK:
			seen = append(seen, fmt.Sprintf("%s is no JSON object", public(place)))
		default:
			seen = append(seen, fmt.Sprintf("HTTP %d at %s", status, public(place)))
		}
	}
	return place, errors.New(strings.Join(seen, ", "))
}
