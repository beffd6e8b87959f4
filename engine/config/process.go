package config

import "regexp"

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Process names a program that runs as a process of its own and speaks pelton.plugin.v1.
type Process struct {
	Command []string          `secret:"maybe" yaml:"command" json:"command" jsonschema:"required,minItems=1" jsonschema_description:"The program and its arguments, as a list. A program without a slash is searched on PATH; paths are relative to dir, or without it to the config file."`
	Dir     string            `yaml:"dir,omitempty" json:"dir,omitempty" jsonschema_description:"The program's directory, relative to the config file: all its files but hidden ones are the plugin's version, and a copy of them is run. Default: only the files that the command names."`
	Env     map[string]string `secret:"maybe" yaml:"env,omitempty" json:"env,omitempty" jsonschema_description:"Variables of its environment, beside PATH, HOME, USER, LANG, TZ and TMPDIR; it has no others."`
	Ready   Duration          `yaml:"ready" json:"ready" jsonschema_description:"How long it may take to start. Default 10s."`
}

// DefaultProcess has its limit set; the command is missing.
func DefaultProcess() Process { return Process{Ready: 10 * Second} }

// longestStart is how long the start of any plugin may take.
const longestStart = 30 * Second

func (c *Process) validate(p *problems, path string) {
	if len(c.Command) == 0 || c.Command[0] == "" {
		p.missing(path+".command", "give the program and its arguments, for example [python3, main.py]")
	}
	for _, name := range sorted(c.Env) {
		if !envName.MatchString(name) {
			p.addf(path+".env."+name, "%q is no name of a variable; want letters, digits and _", name)
		}
	}
	p.least(path+".ready", c.Ready, 100*Millisecond)
	if c.Ready > longestStart {
		p.addf(path+".ready", "%s is too long; at most %s", c.Ready, longestStart)
	}
}
