// Package tree reads the text of a config file as a tree, and tells where its nodes stand.
package tree
