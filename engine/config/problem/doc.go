// Package problem is what is wrong with a config, and where: the words of its errors and warnings.
package problem
