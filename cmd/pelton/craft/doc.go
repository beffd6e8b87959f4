// Package craft has the verbs of who writes plugins: tap, record, test and dev.
package craft
