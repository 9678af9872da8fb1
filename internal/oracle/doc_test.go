// Package oracle holds Plimsoll against the test suites of other tools: it
// reads their cases in a neutral form from a folder beside the module, feeds
// them through the API of a server in this process, and compares what the API
// answers. It carries no case itself and is skipped where the folder is absent.
//
// It refuses to let a difference pass in silence. Each one stands in a table
// with their number, ours and the clause that decides; both numbers are
// checked, so that a row which is no longer true fails. docs/oracle.md says
// the same to users.
package oracle
