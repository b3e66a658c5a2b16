"""A worker that hands its blocks over: who gets them, and what is sent instead of their bytes.

A peer is *proven* when it has fetched a file from the broker of this process and read back what was in it:
then it is on this host, of this user, and can do it again. Everybody else is sent bytes.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import pickle
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from distributed import Worker
from distributed.protocol.serialize import dask_serialize, to_serialize

from gridr_dask.scaling import handles, results
from gridr_dask.scaling.blocks import Limits, Pool, is_untouched
from gridr_dask.scaling.broker import Broker
from gridr_dask.scaling.handles import Handle

__all__ = ["Handover"]

_logger = logging.getLogger(__name__)
_Array = npt.NDArray[Any]
_PROBE = "gridr_probe"
_PATIENCE = 10.0
"""Seconds that a peer may take to answer a probe."""
_AGAIN = 60.0
"""Seconds after which a peer that was not proven is asked again."""
_PEERS = 1024
"""Peers that are remembered; those that come back after many others are asked again."""


@dataclass
class _Transfer:
    """One answer to a proven peer; what was made for it lives as long as it does."""

    moved: list[tuple[_Array, _Array]] = field(default_factory=list)
    """Arrays in ordinary memory, each with its copy in a block."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A pickled handle on its way to a peer: not yet to be opened, and not to be shown in dask's logs."""

    content: bytes = field(repr=False)


_transfer: ContextVar[_Transfer | None] = ContextVar("gridr_transfer", default=None)


@dataclass
class Counts:
    """What one worker has done since it hands over."""

    handed: int = 0
    """Arrays for which a handle was sent."""
    moved: int = 0
    """Those of them that were copied from ordinary memory into a block first."""
    refused: int = 0
    """Arrays that were sent as bytes to a proven peer, for want of room."""


class Handover:
    """Lets one worker, the only one of its process, hand its blocks over. Made and used in its event loop.

    Parameters
    ----------
    worker : distributed.Worker
        Has the hooks that are expected.
    limits : Limits
        Of the blocks.
    """

    def __init__(self, worker: Worker, limits: Limits) -> None:
        self.worker, self.pool, self.counts = worker, Pool(limits), Counts()
        self.broker = Broker(self.pool)
        self._peers: dict[str, tuple[float, asyncio.Future[bool]]] = {}
        self._get_data = worker.handlers["get_data"]
        self._serialize = dask_serialize.dispatch(np.ndarray)
        # Bound methods differ each time they are taken.
        self._ours: dict[str, Callable[..., Any]] = {"get_data": self.get_data, _PROBE: self.probe}
        self._serializer = self.serialize
        worker.handlers.update(self._ours)
        dask_serialize.register(np.ndarray, self._serializer)
        handles.receive_into(self.pool)
        results.provide(self.pool)

    def close(self) -> None:
        """Put back what was there before. Blocks live on as arrays, here and elsewhere."""
        results.provide(None)
        handles.receive_into(None)
        # Who has wrapped ours since then keeps it: without a transfer it does what the original does.
        if dask_serialize.dispatch(np.ndarray) is self._serializer:
            dask_serialize.register(np.ndarray, self._serialize)
        for name, ours in self._ours.items():
            if self.worker.handlers.get(name) is ours:
                del self.worker.handlers[name]
        self.worker.handlers.setdefault("get_data", self._get_data)
        for _, found in self._peers.values():
            found.cancel()
        self.broker.close()

    @property
    def proven(self) -> list[str]:
        """Addresses of the peers that get blocks."""
        return [who for who, (_, found) in self._peers.items() if _says_yes(found)]

    async def get_data(
        self,
        comm: Any,
        keys: Collection[Any],
        who: str | None = None,
        serializers: list[str] | None = None,
    ) -> Any:
        """Answer as the worker does, but with handles of large arrays where the peer is proven."""
        if who is None or not await self._is_proven(who):
            return await self._get_data(comm, keys=keys, who=who, serializers=serializers)
        transfer = _Transfer()
        reset = _transfer.set(transfer)
        try:
            answer = await self._get_data(comm, keys=keys, who=who, serializers=serializers)
        except OSError:
            # It may be that it could not attach a block: the next time, it is asked whether it still can.
            self._peers.pop(who, None)
            raise
        finally:
            _transfer.reset(reset)
        self._keep(keys, transfer)
        return answer

    def _keep(self, keys: Collection[Any], transfer: _Transfer) -> None:
        """Let the worker hold the blocks instead of what they are copies of, which it then has once."""
        held: Any = self.worker.data
        # Of a mapping that spills, what it has spilled is not to be read back.
        in_memory = held if isinstance(held, dict) else held.memory
        moved = {id(ordinary): block for ordinary, block in transfer.moved}
        for key in keys if moved else ():
            block = moved.get(id(in_memory[key])) if key in in_memory else None
            if block is not None:
                held[key] = block

    def serialize(self, x: _Array, context: Mapping[str, Any] | None = None) -> tuple[Any, list[Any]]:
        """Serialize as dask does, but for a proven peer: a handle in the form of a pickled array."""
        transfer = _transfer.get()
        # dask spills without a context.
        if transfer is not None and context is not None and self.pool.takes(x):
            try:
                block = self._block(x, transfer)
                if block is not None:
                    handle = pickle.dumps(Handle.of(block, self.pool, self.broker.name))
                    self.counts.handed += 1
                    return {"pickle": True}, [handle]
            except Exception:  # bytes are always there
                _logger.exception("an array could not be handed over, and is sent as bytes")
        answer: tuple[Any, list[Any]] = self._serialize(x, context=context)
        return answer

    def _block(self, array: _Array, transfer: _Transfer) -> _Array | None:
        """Return an equal array in a block, or None if there is no room."""
        self.pool.ask(array)
        found = self.pool.block_of(array)
        if found is not None:
            block, mapping = found
            # A small part of a block would keep the whole of it.
            if 2 * array.nbytes >= block.identity.size and is_untouched(mapping):
                return array
        copied = self.pool.copy(array)
        if copied is None:
            self.counts.refused += 1
        else:
            self.counts.moved += 1
            transfer.moved.append((array, copied))
        return copied

    async def _is_proven(self, who: str) -> bool:
        asked, found = self._peers.get(who, (0.0, None))
        if found is None or (found.done() and not _says_yes(found) and time.monotonic() - asked > _AGAIN):
            found = asyncio.ensure_future(self._prove(who))
            self._peers.pop(who, None)
            while len(self._peers) >= _PEERS:
                del self._peers[next(iter(self._peers))]
            self._peers[who] = time.monotonic(), found
        await asyncio.wait([found])  # who stops waiting stops not the probe, nor is stopped with it
        return _says_yes(found) and self.broker.running

    async def _prove(self, who: str) -> bool:
        # Whatever goes wrong, here or over there: it is not proven.
        with suppress(Exception):
            nonce = np.frombuffer(secrets.token_bytes(32), np.uint8)
            block = self.pool.copy(nonce)
            if block is None:
                return False
            handle = Envelope(pickle.dumps(Handle.of(block, self.pool, self.broker.name)))
            ask = getattr(self.worker.rpc(who), _PROBE)
            answer = await asyncio.wait_for(ask(handle=to_serialize(handle)), _PATIENCE)
            return isinstance(answer, bytes) and hmac.compare_digest(answer, nonce.tobytes())
        return False

    async def probe(self, handle: Envelope) -> bytes:
        """Return what is in the block of another worker."""
        try:
            block: _Array = await asyncio.to_thread(pickle.loads, handle.content)
        except OSError:
            return b""
        return block.tobytes()


def _says_yes(found: asyncio.Future[bool]) -> bool:
    """Return whether a probe has ended, and well."""
    return found.done() and not found.cancelled() and found.result()
