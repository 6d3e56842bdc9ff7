/**
 * The rooms of the server: everything that stands on its data, and that a reset and a restore
 * close and open again.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import * as BackgroundWork from "./BackgroundWork.js"
import * as ContextCleaning from "./contexts/ContextCleaning.js"
import * as ContextStore from "./contexts/ContextStore.js"
import * as FileUrl from "./contexts/FileUrl.js"
import * as InternalContexts from "./contexts/InternalContexts.js"
import * as Operations from "./actions/Operations.js"
import * as Recycling from "./contexts/Recycling.js"
import * as RecyclingSweep from "./contexts/RecyclingSweep.js"
import * as Routes from "./http/Routes.js"
import * as SessionRegistry from "./sessions/SessionRegistry.js"
import * as SessionRelease from "./sessions/SessionRelease.js"
import * as Sessions from "./sessions/Sessions.js"
import * as State from "./State.js"
import * as StoreVersions from "./contexts/StoreVersions.js"
import * as StoredFiles from "./contexts/StoredFiles.js"
import * as SyncEngine from "./sync/SyncEngine.js"
import * as Toolbox from "./tools/Toolbox.js"
import * as TransferQueue from "./sync/TransferQueue.js"

/**
 * Each room stands on those after it, which are therefore opened before and closed after it.
 *
 * @since 0.1.0
 */
export const layer = Routes.layer.pipe(
  Layer.provideMerge(Operations.layer),
  Layer.provideMerge(Toolbox.layer),
  Layer.provideMerge(Sessions.layer),
  Layer.provideMerge(SessionRelease.layer),
  Layer.provideMerge(RecyclingSweep.layer),
  Layer.provideMerge(SyncEngine.layer),
  Layer.provideMerge(InternalContexts.layer),
  Layer.provideMerge(Layer.mergeAll(ContextCleaning.layer, StoredFiles.layer)),
  Layer.provideMerge(BackgroundWork.layer),
  Layer.provideMerge(
    Layer.mergeAll(ContextStore.layer, SessionRegistry.layer, StoreVersions.layer, Recycling.layer)
  ),
  Layer.provideMerge(Layer.mergeAll(FileUrl.layer, TransferQueue.layer)),
  Layer.provideMerge(State.layer)
)
