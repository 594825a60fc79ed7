#!/usr/bin/env bash
# Prints a folder that has the three programs of a test control plane. As envtest does, it looks for
# each in KUBEBUILDER_ASSETS, then on PATH. What is in neither is built, once, from the modules beside
# this script, into a cache outside the tree: PALETTEAI_TEST_ASSETS, or a folder of the user's cache.
#
# With --find it never builds: where a program is missing it says so and exits 3.
set -euo pipefail

programs=(etcd kube-apiserver kube-controller-manager)
modules=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/modules
instead="or put the programs on PATH, or name their folder in KUBEBUILDER_ASSETS"

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

case "$#:${1:-}" in
  0:) find_only=false ;;
  1:--find) find_only=true ;;
  *) die "assets.sh does not know the arguments \"$*\", so it did nothing. Give none, or --find." ;;
esac

absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$PWD/$1" ;;
  esac
}

elsewhere() {
  local file=${KUBEBUILDER_ASSETS:+${KUBEBUILDER_ASSETS%/}/$1}
  if [[ ! -f $file || ! -x $file ]]; then
    file=$(type -P "$1") || return
  fi
  absolute "$file"
}

checksum() {
  local sum
  read -r sum _ < <(cksum)
  printf '%s\n' "$sum"
}

cache=${PALETTEAI_TEST_ASSETS:-}
if [[ -z $cache && -n ${XDG_CACHE_HOME:-${HOME:-}} ]]; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/paletteai-components
fi
if [[ -n $cache ]]; then
  cache=$(absolute "${cache%/}")
fi

make_folder() {
  if [[ -z $1 ]]; then
    die "HOME is not set, so there is no place for the test programs. Name a folder in PALETTEAI_TEST_ASSETS."
  elif ! mkdir -p "$1" || [[ ! -w $1 ]]; then
    die "$1 cannot be written, so there is no place for the test programs." \
      "Name another folder in PALETTEAI_TEST_ASSETS."
  fi
}

# What is built lies in a folder of its own for each version, Go and platform, so nothing in it is ever
# out of date. Here Go must answer at once: it may not fetch the toolchain that the build will use.
built=
go_version=
find_built() {
  {
    IFS= read -r go_version && IFS= read -r GOOS && IFS= read -r GOARCH
  } < <(GOTOOLCHAIN=local go env GOVERSION GOHOSTOS GOHOSTARCH 2>/dev/null) || {
    go_version=
    return
  }
  if [[ -n $cache ]]; then
    built=$cache/test-cluster-$(
      { cat "$modules"/*/go.mod "$modules"/*/go.sum && echo "$go_version $GOOS $GOARCH"; } | checksum
    )
  fi
}

# The folder of the module that builds a program, then the package.
recipe() {
  case $1 in
    etcd) echo "$modules/etcd go.etcd.io/etcd/server/v3" ;;
    *) echo "$modules/kubernetes k8s.io/kubernetes/cmd/$1" ;;
  esac
}

older() { [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

# Go is asked in the module's folder: there it may change to the toolchain that the module needs.
check_go() {
  local module=$1 needed running
  needed=$(awk '$1 == "go" { print $2 }' "$module/go.mod")
  running=$(cd "$module" && go env GOVERSION) || running=$go_version
  if older "${running##*go}" "$needed"; then
    die "go is version ${running##*go}, and the test control plane is written for $needed, so it cannot be built." \
      "Install Go $needed or newer, let go fetch it with GOTOOLCHAIN=auto, $instead."
  fi
}

temporary=
builder=
finish() {
  if [[ -n $builder ]]; then
    kill -- "-$builder" 2>/dev/null || true
    wait "$builder" 2>/dev/null || true
  fi
  if [[ -n $temporary ]]; then
    rm -rf "$temporary"
  fi
}

build() {
  local program=$1 module package version numbers flag flags="-s -w" failed=0
  read -r module package < <(recipe "$program")
  check_go "$module"
  version=$(awk -v module="${package%/cmd/*}" '$1 == module { print $2 }' "$module/go.mod")

  # Without these a Kubernetes that is not built by its own scripts calls itself v0.0.0-master.
  if [[ $package == k8s.io/* ]]; then
    IFS=. read -r -a numbers <<<"${version#v}"
    for flag in "gitVersion=$version" "gitMajor=${numbers[0]}" "gitMinor=${numbers[1]}" gitTreeState=clean \
      "buildDate=$(date -u +%Y-%m-%dT%H:%M:%SZ)"; do
      flags+=" -X k8s.io/component-base/version.$flag"
    done
  fi

  echo "Building $program $version (once; it takes minutes unless Go has built most of it before)..." >&2
  # In a process group of its own the build can be ended as a whole: go leaves its compilers behind.
  set -m
  (cd "$module" && exec go build -trimpath -buildvcs=false -ldflags "$flags" -o "$temporary/$program" "$package") \
    </dev/null >&2 &
  builder=$!
  set +m
  wait "$builder" || failed=$?
  builder=
  if ((failed)); then
    die "go could not build $program $version, so no test can run on a real API server." \
      "Go's reason is above: when it is dealt with, run make assets again, $instead."
  fi
  mv -f "$temporary/$program" "$built/$program"
}

files=()
missing=()
for program in "${programs[@]}"; do
  if file=$(elsewhere "$program"); then
    files+=("$file")
    continue
  fi
  if [[ -z $go_version ]]; then
    find_built
  fi
  files+=("$built/$program")
  if [[ -z $built || ! -x $built/$program ]]; then
    missing+=("$program")
  fi
done

if ((${#missing[@]})); then
  names=$(printf ', %s' "${missing[@]}")
  names=${names:2}
  if $find_only; then
    echo "Not in KUBEBUILDER_ASSETS, on PATH or built before: $names. To build what is missing: make assets" >&2
    exit 3
  elif [[ -z $go_version ]]; then
    die "There is no working go on PATH, so $names cannot be built. Install Go, $instead."
  fi
  make_folder "$built"

  trap finish EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  temporary=$(mktemp -d "$built/.building.XXXXXX")
  # go.sum fixes every source, and no setting of the user's Go may change what is built of it.
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off GOOS GOARCH GOTMPDIR="$temporary"
  for program in "${missing[@]}"; do
    build "$program"
  done
fi

folder=${files[0]%/*}
for file in "${files[@]}"; do
  if [[ ${file%/*} != "$folder" ]]; then
    folder=
  fi
done

# Programs of several folders are linked into one. It is named by where the links lead, so two runs that
# find different programs do not change each other's.
if [[ -z $folder ]]; then
  folder=${cache:+$cache/test-cluster-links-$(printf '%s\n' "${files[@]}" | checksum)}
  make_folder "$folder"
  for file in "${files[@]}"; do
    link=$folder/${file##*/}
    if [[ ! -L $link ]]; then
      ln -s "$file" "$link" 2>/dev/null || [[ -L $link ]]
    fi
  done
fi
printf '%s\n' "$folder"
