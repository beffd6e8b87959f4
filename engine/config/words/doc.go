// Package words works on the words of a config: variables of the environment in them, and names that were probably meant.
package words
