// Package front is the part of the config that says where the wheel listens, and who may do what there.
package front
