# deb_version VERSION: what git describes as a Debian version, which begins with a digit: v1.2.3-4-gabc becomes
# 1.2.3+4.gabc, a bare hash 0~hash. Sourced by deb.sh and check.sh.
deb_version() {
  local version=${1#v}
  case $version in
    [0-9]*.*) echo "$version" | sed 's/-/+/; s/-/./g' ;;
    *) echo "0~$(echo "$version" | tr - .)" ;;
  esac
}
