package adapter

import (
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/source/mqtt"
)

// Secrets reads the files that an MQTT source names.
func Secrets(c *config.MQTT) (o mqtt.Options, err error) {
	files := mqtt.Secrets{Passwords: c.PasswordFile}
	if t := c.TLS; t != nil {
		files.Cert, files.Key, files.ClientCA = t.CertFile, t.KeyFile, t.ClientCAFile
	}
	err = files.Load(&o)
	return o, err
}
