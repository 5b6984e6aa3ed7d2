# Reads surefire's reports; prints each test that was skipped, and why, and each that passed at the second try alone.
/<testcase / {
  split($0, part, "\"")
  test = part[4] "." part[2]
}
/<skipped/ {
  why = $0
  if (sub(/.*<skipped message="/, "", why)) sub(/".*/, "", why)
  else sub(/.*CDATA\[[^:]*: */, "", why)
  gsub(/&lt;/, "<", why); gsub(/&gt;/, ">", why); gsub(/&quot;/, "\"", why); gsub(/&amp;/, "\\&", why)
  print "skipped: " test ": " why
  count++
}
/<flaky(Failure|Error)/ {
  why = $0
  if (!sub(/.*message="/, "", why)) why = ""
  sub(/".*/, "", why)
  print "flaky: " test ": " why
}
END { if (!count) print "skipped: nothing" }
