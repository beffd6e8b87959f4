// Program plugin is the plugin of the fault suite: it writes every delivery to a log before it decides, and defers,
// parks or retries as the message says.
package main
