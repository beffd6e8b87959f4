// Package graphql has the limits of the GraphQL endpoint, the key api.graphql of the config.
package graphql
