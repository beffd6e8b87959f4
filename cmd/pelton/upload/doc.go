// Package upload makes what plugins are swapped for, and sends it to a wheel.
package upload
