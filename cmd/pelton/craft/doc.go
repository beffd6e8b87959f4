// Package craft has the verbs of who writes plugins: tap, record and test.
package craft
