# Says what one of our own questions, the text, is answered with: without names of columns, and with $1 for what is set before.
take_text "$bytes"
printf %s "$text" | client --skip-column-names --raw ${1:+"--init-command=$1"}
