package config

import (
	"errors"
	"strings"
	"testing"
)

// What is wrong with api: one mistake gives one problem, at its place.
func TestBadAPI(t *testing.T) {
	t.Parallel()
	const key = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	hash := "sha256:" + strings.Repeat("a", 64)
	oidc := func(extra string) string {
		return "auth: {oidc: {issuer: 'https://id', audience: a, grants: {a: {scopes: [read]}}" + extra + "}}"
	}
	for _, c := range []struct{ yaml, want string }{
		{"tls: {key_file: a}", "api.tls.cert_file: is missing"},
		{"tls: {cert_file: a}", "api.tls.key_file: is missing"},
		{"listen: '0.0.0.0:1', tls: {cert_file: a, key_file: b}", "give api.auth or api.tls.client_ca_file"},
		{"auth: {}", "api.auth: lets nobody in"},
		{"auth: {anonymous: [raed]}", `unknown scope "raed"; did you mean "read"?`},
		{"auth: {tokens: {a: {hash: pelton_x, scopes: [read]}}}", "api.auth.tokens.a.hash: is no hash; want sha256: and 64"},
		{"auth: {tokens: {a: {hash: '" + hash + "'}}}", "api.auth.tokens.a.scopes: is missing"},
		{"auth: {tokens: {a: {hash: '" + hash + "', scopes: [read], expires: soon}}}", `"soon" is no time`},
		{"auth: {tokens: {a: {hash: '" + hash + "', scopes: [read]}, b: {hash: '" + hash + "', scopes: [read]}}}", "api.auth.tokens.b.hash: is that of a, too"},
		{"auth: {tokens: {a: {hash: '" + hash + "', scopes: [read], sessions: [/x]}}}", `"/x" is no pattern of sessions`},
		{"auth: {tokens: {a: {hash: '" + hash + "', scopes: [admin], sessions: [a]}}}", "admin is about the whole wheel"},
		{"auth: {tokens: {a: {hash: '" + hash + "', scopes: [publish], sessions: [a]}}}", "to which may it publish?"},
		{"auth: {tokens: {a: {hash: '" + hash + "', scopes: [publish], sources: ['a/b']}}}", `"a/b" is no pattern of sources`},
		{"auth: {certificates: {a: {scopes: [read]}}}", "no client has a certificate without api.tls.client_ca_file"},
		{"auth: {capabilities: {keys: []}}", "api.auth.capabilities.keys: is missing"},
		{"auth: {capabilities: {keys: [x]}}", "api.auth.capabilities.keys[0]: is no public key"},
		{"auth: {capabilities: {keys: ['" + key + "'], max_ttl: 0s}}", "0s is too short; want at least 1s"},
		{"auth: {oidc: {issuer: id, audience: a, grants: {a: {scopes: [read]}}}}", "api.auth.oidc.issuer: is no URL"},
		{"auth: {oidc: {issuer: 'http://id.example.com', audience: a, grants: {a: {scopes: [read]}}}}", "is not encrypted"},
		{"auth: {oidc: {issuer: 'https://id', grants: {a: {scopes: [read]}}}}", "api.auth.oidc.audience: is missing"},
		{"auth: {oidc: {issuer: 'https://id', audience: a}}", "api.auth.oidc.grants: is missing"},
		{oidc(", jwks_url: 'https://id/k', jwks_file: k"), "goes not with jwks_url"},
		{oidc(", claim: ''"), "api.auth.oidc.claim: is empty"},
		{"auth: {anonymous: [read], login: 1s}", "api.auth.login: 1s is too short"},
		{"cors: {origins: ['*']}", `"*" is no origin`},
		{"cors: {origins: ['https://a/']}", `"https://a/" is no origin`},
		{"hosts: ['a:1']", `"a:1" is no name of a host`},
		{"limits: {headers: 1B}", "api.limits.headers: 1B is out of range; want 4KiB to 16MiB"},
		{"limits: {streams: 0}", "api.limits.streams: 0 is out of range"},
		{"limits: {failures: 0/s}", "api.limits.failures: rate \"0/s\": want more than 0"},
		{"audit: {max_bytes: 1KiB}", "api.audit.max_bytes: 1KiB is too small"},
	} {
		_, err := Parse([]byte(small+"api: {"+c.yaml+"}\n"), "c.yaml", nil)
		var all Errors
		if !errors.As(err, &all) || len(all) != 1 || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "c.yaml:8:") {
			t.Errorf("%s: %v\nwant %s", c.yaml, err, c.want)
		}
	}
	good := "listen: '0.0.0.0:1', grpc: '[::]:2', tls: {cert_file: a, key_file: b, client_ca_file: c}, cors: {origins: ['https://a:1']}, hosts: [a.example.com], " +
		"auth: {tokens: {a: {hash: '" + hash + "', scopes: [publish, read], sessions: ['a*/b', '*'], sources: ['*']}}, certificates: {'*': {scopes: [admin]}}, " +
		"capabilities: {keys: ['" + key + "']}, oidc: {issuer: 'http://127.0.0.1:1', audience: a, jwks_file: k, grants: {a: {scopes: [read]}}}}"
	c, err := Parse([]byte(small+"api: {"+good+"}\n"), "/w/c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := c.API
	if a.TLS.CertFile != "/w/a" || a.TLS.ClientCAFile != "/w/c" || a.Auth.OIDC.JWKSFile != "/w/k" || a.Auth.OIDC.Claim != "scope" || a.Auth.Login != 12*Hour || a.Auth.Capabilities.MaxTTL != Hour {
		t.Errorf("%+v, %+v, %+v", a.TLS, a.Auth, a.Auth.OIDC)
	}
	out, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(out, "/w/c.yaml", nil); err != nil || again.API.Auth.Tokens["a"].Hash != hash {
		t.Errorf("%v:\n%s", err, out)
	}
}
