# Says for how many seconds the host has been up, and its load over 1, 5 and 15 minutes.
read -r up _ </proc/uptime && read -r one five fifteen _ </proc/loadavg && echo "${up%.*} $one $five $fifteen"
