package front

import "github.com/peltonhq/pelton/engine/config/unit"

// Auth says who may do what.
type Auth struct {
	Tokens       map[string]Token `yaml:"tokens,omitempty" json:"tokens,omitempty" jsonschema_description:"Static tokens, by name; pelton token mint makes one."`
	OIDC         *OIDC            `yaml:"oidc,omitempty" json:"oidc,omitempty" jsonschema_description:"Take JWTs of an OpenID Connect issuer."`
	Capabilities *Capabilities    `yaml:"capabilities,omitempty" json:"capabilities,omitempty" jsonschema_description:"Take capability tokens: short-lived, for some sessions, signed by whoever has a key. pelton token mint --session makes one."`
	Certificates map[string]Grant `yaml:"certificates,omitempty" json:"certificates,omitempty" jsonschema_description:"What clients with a certificate of tls.client_ca_file may do, by its common name or a DNS name in it; * is any other. Default, with a client_ca_file and without auth: everything."`
	Anonymous    []string         `yaml:"anonymous,omitempty" json:"anonymous,omitempty" jsonschema_description:"Scopes of who proves nothing, for example [read]. Default: none."`
	Login        unit.Duration    `yaml:"login" json:"login" jsonschema_description:"How long a browser stays logged in. Default 12h."`
}

// Grant is what somebody may do.
type Grant struct {
	Scopes   []string `yaml:"scopes" json:"scopes" jsonschema:"required,enum=read,enum=follow,enum=append,enum=publish,enum=settle,enum=operate,enum=admin" jsonschema_description:"What may be done: read, follow, append, publish, settle, operate, admin (everything)."`
	Sessions []string `yaml:"sessions,omitempty" json:"sessions,omitempty" jsonschema_description:"Only for these sessions: patterns of NAME/KEY, where * stands for any text. Default: no bound."`
	Sources  []string `yaml:"sources,omitempty" json:"sources,omitempty" jsonschema_description:"Publish only to these sources: names, where * stands for any text. Default: no bound."`
}

// Token is a static token.
type Token struct {
	Hash     string   `yaml:"hash" json:"hash" jsonschema:"required" jsonschema_description:"Its SHA-256, as pelton token mint prints it. The token itself stands nowhere."`
	Scopes   []string `yaml:"scopes" json:"scopes" jsonschema:"required,enum=read,enum=follow,enum=append,enum=publish,enum=settle,enum=operate,enum=admin" jsonschema_description:"What may be done: read, follow, append, publish, settle, operate, admin (everything)."`
	Sessions []string `yaml:"sessions,omitempty" json:"sessions,omitempty" jsonschema_description:"Only for these sessions: patterns of NAME/KEY, where * stands for any text. Default: no bound."`
	Sources  []string `yaml:"sources,omitempty" json:"sources,omitempty" jsonschema_description:"Publish only to these sources: names, where * stands for any text. Default: no bound."`
	Expires  string   `yaml:"expires,omitempty" json:"expires,omitempty" jsonschema_description:"When it ends, as 2027-01-31T00:00:00Z. Default: never."`
}

// Grant is what the token may do.
func (t Token) Grant() Grant { return Grant{t.Scopes, t.Sessions, t.Sources} }

// OIDC is an OpenID Connect issuer.
type OIDC struct {
	Issuer   string           `yaml:"issuer" json:"issuer" jsonschema:"required" jsonschema_description:"Its URL, as in the tokens' iss."`
	Audience string           `yaml:"audience" json:"audience" jsonschema:"required" jsonschema_description:"What must be in the tokens' aud."`
	JWKSURL  string           `yaml:"jwks_url,omitempty" json:"jwks_url,omitempty" jsonschema_description:"Where its keys are. Default: where its discovery document says."`
	JWKSFile string           `yaml:"jwks_file,omitempty" json:"jwks_file,omitempty" jsonschema_description:"A file with its keys (a JSON Web Key Set), instead of asking it; relative to the config file."`
	Claim    string           `yaml:"claim" json:"claim" jsonschema_description:"The claim whose values choose grants: a list of texts, or words with spaces between. Default scope."`
	Grants   map[string]Grant `yaml:"grants" json:"grants" jsonschema:"required" jsonschema_description:"What each value of the claim allows; several add up, others allow nothing."`
}

// Capabilities says whose capability tokens are taken.
type Capabilities struct {
	Keys   []string      `yaml:"keys" json:"keys" jsonschema:"required,minItems=1" jsonschema_description:"Public keys (Ed25519) that may have signed them, as pelton token key prints them."`
	MaxTTL unit.Duration `yaml:"max_ttl" json:"max_ttl" jsonschema_description:"How long one may last. Default 1h."`
}

// Preset gives it its defaults.
func (a *Auth) Preset() { a.Login = 12 * unit.Hour }

// Preset gives it its defaults.
func (o *OIDC) Preset() { o.Claim = "scope" }

// Preset gives it its defaults.
func (c *Capabilities) Preset() { c.MaxTTL = unit.Hour }
