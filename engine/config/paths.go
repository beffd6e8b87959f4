package config

import "path/filepath"

// resolve makes the paths of the file absolute: relative ones are relative to the file.
func (c *Config) resolve() {
	resolve := func(paths ...*string) {
		for _, path := range paths {
			if *path != "" && !filepath.IsAbs(*path) {
				*path = filepath.Join(c.Dir, *path)
			}
		}
	}
	resolve(&c.Store.Dir)
	resolve(c.API.Files()...)
	for _, s := range c.Sources {
		resolve(s.files()...)
	}
	for _, p := range c.Plugins {
		resolve(codeFiles(p.Wasm, p.Process)...)
	}
	for _, s := range c.Sessions {
		if s.Reduce != nil {
			resolve(codeFiles(s.Reduce.Wasm, s.Reduce.Process)...)
		}
	}
	for i := range c.Tests {
		resolve(&c.Tests[i].Sample, &c.Tests[i].Golden)
	}
	for _, s := range c.Sinks {
		resolve(s.files()...)
		if s.HTTP != nil {
			for name, path := range s.HTTP.HeadersFile {
				resolve(&path)
				s.HTTP.HeadersFile[name] = path
			}
		}
	}
}

// files are the paths that a source names.
func (s Source) files() (paths []*string) {
	if s.File != nil {
		paths = append(paths, &s.File.Path)
	}
	if s.Kafka != nil {
		paths = append(append(paths, s.Kafka.TLS.files()...), s.Kafka.SASL.files()...)
	}
	if s.NATS != nil {
		paths = append(append(paths, s.NATS.Auth.files()...), s.NATS.TLS.files()...)
	}
	if m := s.MQTT; m != nil {
		paths = append(append(paths, &m.PasswordFile), m.TLS.Files()...)
	}
	return paths
}

// files are the paths that a sink names, but for those of its headers.
func (s Sink) files() (paths []*string) {
	if s.File != nil {
		paths = append(paths, &s.File.Path)
	}
	if s.Kafka != nil {
		paths = append(append(paths, s.Kafka.TLS.files()...), s.Kafka.SASL.files()...)
	}
	if s.NATS != nil {
		paths = append(append(paths, s.NATS.Auth.files()...), s.NATS.TLS.files()...)
	}
	if s.HTTP != nil {
		paths = append(paths, &s.HTTP.CAFile)
	}
	return paths
}

// codeFiles are the paths of a plugin.
func codeFiles(w *Wasm, p *Process) (paths []*string) {
	if w != nil {
		paths = append(paths, &w.Path)
	}
	if p != nil {
		paths = append(paths, &p.Dir)
	}
	return paths
}
