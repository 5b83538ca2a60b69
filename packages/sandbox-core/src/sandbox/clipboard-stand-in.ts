import { COPIED_TEXT, PASTED_IMAGE } from "@sbx/contracts";

/** Programs with which others copy and paste. */
export const CLIPBOARD_NAMES = ["xclip", "xsel", "wl-copy", "wl-paste", "pbcopy", "pbpaste"] as const;

/** Most that is copied, in bytes. */
const MOST = 1 << 20;

/**
 * The part of what stands in for programs that is for the clipboard. It reaches none: what is copied is written down for the person
 * at the machine, and what can be pasted is the image that this person gave last, if it is of the type that is asked for.
 * Where a sandbox has a screen of its own, the image's own program is run for that.
 *
 * It wants `name` and `say`, and gives control back for other names.
 */
export const CLIPBOARD_PART = String.raw`
images() { for form in png jpeg gif webp; do [ -f "$HOME/${PASTED_IMAGE}.$form" ] && printf 'image/%s\n' "$form"; done; }
copy_out() {
  new="${COPIED_TEXT}.$$"
  head -c ${MOST + 1} > "$new" && mv -f "$new" ${COPIED_TEXT} || exit 1
  { printf '\007' > /dev/tty; } 2>/dev/null || :
  say "nothing is put into the clipboard from a sandbox by itself; the person at the machine can look at the text, and take it, with:"
  say "  sbx copied ${"$"}{SBX_SANDBOX:-NAME}"
  exit 0
}
paste_in() {
  case "$1" in
    TARGETS|list) found="$(images)"; [ -n "$found" ] || { say 'there is nothing to paste'; exit 1; }; printf '%s\n' "$found"; exit 0 ;;
    image/png|image/jpeg|image/gif|image/webp) file="$HOME/${PASTED_IMAGE}.${"$"}{1#image/}"; [ -f "$file" ] && exec cat "$file" ;;
  esac
  say 'the clipboard of the machine is not read from a sandbox; its person can give the image that is in it, with:'
  say "  sbx paste ${"$"}{SBX_SANDBOX:-NAME}"
  exit 1
}
case "$name" in
  xclip|xsel|wl-copy|wl-paste|pbcopy|pbpaste)
    [ -n "${"$"}{DISPLAY:-}${"$"}{WAYLAND_DISPLAY:-}" ] && [ -x "/usr/bin/$name" ] && exec "/usr/bin/$name" "$@"
    type=''
    out=''
    texts=''
    clear=''
    case "$name" in wl-paste|pbpaste) out=yes ;; esac
    while [ $# -gt 0 ]; do
      case "$1" in
        -t|-target|--target|--type) [ "$name" = xsel ] || { type="${"$"}{2:-}"; [ $# -gt 1 ] && shift; } ;;
        --type=*) type="${"$"}{1#--type=}" ;;
        -selection|-sel|-se|-display|-d|-loops|-l|--selection|-s|--seat) case "$name $1" in "wl-paste -l") type=list ;; xsel*) ;; *) [ $# -gt 1 ] && shift ;; esac ;;
        -o|-out|--output) out=yes ;;
        -i|-in|--input) out='' ;;
        -l|--list-types) type=list ;;
        -c|--clear|-k|--keep) [ "$name" = xclip ] || clear=yes ;;
        --) shift; texts=yes; break ;;
        -*) ;;
        *) case "$name" in xclip|wl-copy) texts=yes; break ;; esac ;;
      esac
      shift
    done
    [ -n "$out" ] && paste_in "$type"
    case "$type" in image/*) say 'images are not copied out; the person at the machine copies files with: sbx cp'; exit 1 ;; esac
    [ -n "$clear" ] && exit 0
    if [ -n "$texts" ]; then
      if [ "$name" = xclip ]; then cat -- "$@" | copy_out; exit; fi
      printf '%s' "$*" | copy_out
      exit
    fi
    copy_out
    ;;
esac
`;
