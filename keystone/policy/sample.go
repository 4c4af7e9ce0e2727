package policy

import (
	"bytes"
	"fmt"
)

const sampleHead = `# Who may do what. This is the policy of Picasso as it is built in: every line
# is commented out, and a rule that is not set here keeps the default shown.
#
# Write  "rule name": "check".  A check is made of
#   role:NAME                   the token has that role
#   rule:NAME                   the check of another rule; you may add rules of your own
#   project_id:%(project_id)s   an attribute of the token (user_id, user_domain_id, project_id,
#                               project_domain_id, system_scope, is_admin) or a 'quoted text' equals
#                               text, in which %(project_id)s is the project of the object
#   @  or nothing: always       !: never
# joined by "not", "and", "or" (binding in this order) and parentheses.
# A check without project_id:%(project_id)s is about the objects of every
# project: "role:invoker" lets that role invoke everybody's functions.
#
# A change is taken over within a second of the next request, without a
# restart. Put a new file in the place of the old one in one step (mv). A file
# with a mistake is refused at start; later it is logged, and the rules in
# force stay.
`

// Sample returns a policy file that explains every rule and sets none.
func Sample() []byte {
	var b bytes.Buffer
	b.WriteString(sampleHead)
	for _, rule := range Defaults() {
		fmt.Fprintf(&b, "\n# %s\n", rule.Description)
		for _, op := range rule.Operations {
			fmt.Fprintf(&b, "# %-6s %s\n", op.Method, op.Path)
		}
		fmt.Fprintf(&b, "#%q: %q\n", rule.Name, rule.Check)
	}
	return b.Bytes()
}
