/**
 * Which of those that stand in a queue have to wait for which, by the paths of one context.
 *
 * Of everything that a newcomer conflicts with, it is told those that came last: each of them
 * waits for the ones before it. So joining costs as much as the path is deep, however many
 * stand in the queue; only one that comes in above many paths at once looks at each of these.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"

/**
 * What conflicts are told by. Two claims conflict where their paths overlap, unless both only
 * read the store, for different sessions.
 *
 * @since 0.1.0
 */
export interface Claimed {
  readonly sessionId?: string
  /** Normal form. */
  readonly mount: string
  readonly type: SyncMode
}

interface Node<P> {
  readonly parent: Node<P> | undefined
  readonly name: string
  readonly children: Map<string, Node<P>>
  /** The last upload to this path. */
  upload: P | undefined
  /** The last download of each session from this path, since that upload. */
  readonly downloads: Map<string | undefined, P>
}

/**
 * @since 0.1.0
 */
export interface ClaimTree<P> {
  /** Joins the queue. Gives those that must have left it before. */
  readonly join: (claim: Claimed, place: P) => ReadonlySet<P>
  /** Leaves the queue: what came before has left it. */
  readonly leave: (place: P) => void
  readonly isEmpty: () => boolean
}

const makeNode = <P>(parent: Node<P> | undefined, name: string): Node<P> => ({
  parent,
  name,
  children: new Map(),
  upload: undefined,
  downloads: new Map()
})

const isBare = <P>(node: Node<P>): boolean =>
  node.upload === undefined && node.downloads.size === 0 && node.children.size === 0

/** Takes away nodes that tell nothing, from one upwards. */
const prune = <P>(from: Node<P>): void => {
  let node = from
  while (node.parent !== undefined && isBare(node)) {
    // A subtree that an upload above has cut off is no longer in its parent.
    if (node.parent.children.get(node.name) === node) node.parent.children.delete(node.name)
    node = node.parent
  }
}

/** Adds those at one path that a claim conflicts with. */
const collect = <P>(node: Node<P>, claim: Claimed, into: Set<P>): void => {
  if (node.upload !== undefined) into.add(node.upload)
  if (claim.type === "upload") {
    for (const place of node.downloads.values()) into.add(place)
    return
  }
  const own = node.downloads.get(claim.sessionId)
  if (own !== undefined) into.add(own)
}

const collectBelow = <P>(node: Node<P>, claim: Claimed, into: Set<P>): void => {
  for (const child of node.children.values()) {
    collect(child, claim, into)
    collectBelow(child, claim, into)
  }
}

/**
 * @since 0.1.0
 */
export const make = <P>(): ClaimTree<P> => {
  const root: Node<P> = makeNode<P>(undefined, "")
  const nodes = new Map<P, Node<P>>()

  const join: ClaimTree<P>["join"] = (claim, place) => {
    const before = new Set<P>()
    let node = root
    collect(node, claim, before)
    for (const name of claim.mount.split("/")) {
      if (name === "") continue
      let child = node.children.get(name)
      if (child === undefined) {
        child = makeNode(node, name)
        node.children.set(name, child)
      }
      node = child
      collect(node, claim, before)
    }
    collectBelow(node, claim, before)
    if (claim.type === "upload") {
      // It waits for all of these, and whoever would have to wait for one of them has to wait
      // for it.
      node.upload = place
      node.downloads.clear()
      node.children.clear()
    } else {
      node.downloads.set(claim.sessionId, place)
    }
    nodes.set(place, node)
    return before
  }

  return {
    join,
    leave: (place) => {
      const node = nodes.get(place)
      if (node === undefined) return
      nodes.delete(place)
      if (node.upload === place) node.upload = undefined
      for (const [sessionId, download] of node.downloads) {
        if (download === place) node.downloads.delete(sessionId)
      }
      prune(node)
    },
    isEmpty: () => nodes.size === 0
  }
}
