// Package cycle finds who reads each other in a circle.
package cycle
