package door

import (
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/engine/config/front"
)

// Door stands before the API of one wheel.
type Door struct {
	TLS   *tls.Config // nil: none
	Gate  *auth.Gate  // nil: everybody may do everything
	Meter *meter.Door

	limits front.ClientLimits
}

// Open reads the files that the config names. tell is told when certificates were read again, or could not be.
func Open(c front.API, tell func(text string)) (*Door, error) {
	d := &Door{Meter: new(meter.Door), limits: c.Limits}
	if c.TLS != nil {
		k := &keeper{files: *c.TLS, meter: d.Meter, tell: tell}
		if err := k.load(); err != nil {
			return nil, err
		}
		d.TLS = k.config()
	}
	o, on, err := options(&c)
	if err != nil || !on {
		return d, err
	}
	o.Failures, o.Meter = c.Limits.Failures.PerSecond(), d.Meter
	d.Gate, err = auth.New(o)
	return d, err
}

// Guard is what the service is to hold.
func (d *Door) Guard(log api.Log) api.Guard {
	return api.Guard{
		On: d.Gate != nil, Rate: d.limits.Rate.PerSecond(), Burst: d.limits.Burst, Streams: d.limits.Streams, Log: log, Meter: d.Meter,
	}
}

// options are the gate's. on is false when nobody is asked.
func options(c *front.API) (o auth.Options, on bool, err error) {
	a := c.Auth
	if a == nil {
		if c.TLS == nil || c.TLS.ClientCAFile == "" {
			return o, false, nil
		}
		o.Certificates = map[string]api.Grant{"*": {Scopes: []api.Scope{api.ScopeAdmin}}}
		return o, true, nil
	}
	o = auth.Options{
		Certificates: map[string]api.Grant{}, Anonymous: scopes(a.Anonymous), Login: a.Login.Std(),
	}
	if o.Tokens, err = tokens(a); err != nil {
		return o, true, err
	}
	for name, g := range a.Certificates {
		o.Certificates[name] = grant(g)
	}
	if i := a.OIDC; i != nil {
		o.Issuer = &auth.Issuer{URL: i.Issuer, Audience: i.Audience, JWKSURL: i.JWKSURL, JWKSFile: i.JWKSFile, Claim: i.Claim, Grants: map[string]api.Grant{}}
		for value, g := range i.Grants {
			o.Issuer.Grants[value] = grant(g)
		}
	}
	if k := a.Capabilities; k != nil {
		o.MaxTTL = k.MaxTTL.Std()
		for _, text := range k.Keys {
			var key ed25519.PublicKey
			if key, err = auth.ParseKey(text); err != nil {
				return o, true, fmt.Errorf("api.auth.capabilities.keys: %w", err)
			}
			o.Keys = append(o.Keys, key)
		}
	}
	return o, true, nil
}

// Use takes the static tokens of another config.
func (d *Door) Use(c *front.API) error {
	if d.Gate == nil || c.Auth == nil {
		return nil
	}
	all, err := tokens(c.Auth)
	if err != nil {
		return err
	}
	return d.Gate.Use(all)
}

func tokens(a *front.Auth) (map[string]auth.Token, error) {
	all := map[string]auth.Token{}
	for name, t := range a.Tokens {
		token := auth.Token{Hash: t.Hash, Grant: grant(t.Grant())}
		if t.Expires != "" {
			var err error
			if token.Expires, err = time.Parse(time.RFC3339, t.Expires); err != nil {
				return nil, fmt.Errorf("api.auth.tokens.%s.expires: %w", name, err)
			}
		}
		all[name] = token
	}
	return all, nil
}

func grant(g front.Grant) api.Grant {
	return api.Grant{Scopes: scopes(g.Scopes), Sessions: g.Sessions, Sources: g.Sources}
}

func scopes(words []string) (all []api.Scope) {
	for _, w := range words {
		all = append(all, api.Scope(w))
	}
	return all
}
