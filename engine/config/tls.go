package config

// TLS says whom to trust, and who this wheel is.
type TLS struct {
	CAFile     string `yaml:"ca_file,omitempty" json:"ca_file,omitempty" jsonschema_description:"Certificates of authorities in PEM; relative to the config file. Default: those of the system."`
	CertFile   string `yaml:"cert_file,omitempty" json:"cert_file,omitempty" jsonschema_description:"This wheel's certificate in PEM; relative to the config file. Default: none."`
	KeyFile    string `yaml:"key_file,omitempty" json:"key_file,omitempty" jsonschema_description:"The key of cert_file in PEM; relative to the config file."`
	ServerName string `yaml:"server_name,omitempty" json:"server_name,omitempty" jsonschema_description:"The name in the other side's certificate. Default: the host of its address."`
}

func (t *TLS) validate(p *problems, path string) {
	if t == nil || p.failed(path) {
		return
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		p.addf(path, "cert_file and key_file go together; give both or none")
	}
}

// files are the paths in it, to be made absolute.
func (t *TLS) files() []*string {
	if t == nil {
		return nil
	}
	return []*string{&t.CAFile, &t.CertFile, &t.KeyFile}
}
