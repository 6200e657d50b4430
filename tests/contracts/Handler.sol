// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AGGREGATOR, ALL_ROLES, RELEASER, REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {World, vm} from "./Base.sol";

/// @dev Any account tries any act; what the contracts let pass is written down here as plain facts, in arrays, in
/// another form than theirs, for the invariants to walk.
contract Handler is World {
    struct Update {
        bytes32 run;
        uint16 round;
        uint8 organisation;
        address account;
        bytes32 version;
    }

    struct Closed {
        bytes32 run;
        uint16 round;
        uint256 included;
        bytes32 hash;
        bytes32 aggregate;
    }

    struct Released {
        bytes32 id;
        bytes32 run;
        uint16 round;
        bytes32 file;
        bool soundWhenReleased;
        bool withdrawn;
    }

    struct Frozen {
        address target;
        bytes call;
        bytes32 part;
    }

    bytes32[] public versions;
    bytes32[] public runs;
    Update[] public updates;
    Closed[] public closings;
    Released[] public releases;
    Frozen[] private _frozen;
    uint256 public impostors;

    mapping(bytes32 version => uint8) public ownerOf;
    mapping(bytes32 version => bool) private _approvedOnce;
    mapping(bytes32 version => bool) private _revoked;
    mapping(bytes32 version => uint256) private _reinstatements;
    mapping(bytes32 run => bytes32) public parentOf;
    mapping(bytes32 run => uint16) public forkOf;
    mapping(address account => uint256 organisationPlusOne) public actsFor;
    mapping(uint8 organisation => mapping(address account => address root)) private _offeredBy;
    mapping(uint8 organisation => address) private _rootNow;
    mapping(uint8 organisation => mapping(address root => uint256 from)) private _rootFrom;

    uint8[8] private _organisations =
        [SITE_A, SITE_B, REVIEWER_1, REVIEWER_2, REVIEWER_3, CENTRE, AUTHORITY, MIXED];
    uint40 private _clock = START;

    modifier timed() {
        vm.warp(_clock);
        _;
    }

    constructor() {
        vm.warp(START);
        _deploy(1);
        _populate();
        for (uint256 i = 0; i < _organisations.length; ++i) {
            uint8 organisation = _organisations[i];
            actsFor[_account(organisation)] = uint256(organisation) + 1;
            _rootNow[organisation] = _root(organisation);
            _freezeAccount(_account(organisation));
        }
        _freeze(address(consortium), abi.encodeCall(IConsortium.ruleSet, (RULES)));
    }

    // ---- acts ----

    function wait(uint16 span) external {
        _clock += span;
        vm.warp(_clock);
    }

    function register(uint256 actor, uint8 content, uint256 predecessor) external timed {
        address caller = _actor(actor, SITE);
        IDatasetRegistry.Registration memory registration = _registration(keccak256(abi.encode(content)));
        registration.qcPassed = content % 8 != 0;
        if (predecessor % 3 == 0) registration.predecessor = _pick(versions, predecessor);
        (bool done, bytes memory made) =
            _try(caller, address(registry), abi.encodeCall(IDatasetRegistry.register, (registration)));
        if (!done) return;
        (bytes32 id,) = abi.decode(made, (bytes32, uint32));
        versions.push(id);
        ownerOf[id] = registry.version(id).organisation;
        _acted(caller, ownerOf[id]);
    }

    function approve(uint256 actor, uint256 which) external timed {
        bytes32 id = _pick(versions, which);
        if (_decide(actor, REVIEWER, abi.encodeCall(IDatasetRegistry.approve, (id, QC, RULES, NOTE)))) {
            _approvedOnce[id] = true;
        }
    }

    function reject(uint256 actor, uint256 which) external timed {
        if (actor % 4 != 1) return;
        bytes32 id = _pick(versions, which);
        _decide(actor, REVIEWER, abi.encodeCall(IDatasetRegistry.reject, (id, 1, NOTE)));
    }

    function revoke(uint256 actor, uint256 which) external timed {
        bytes32 id = _pick(versions, which);
        if (_decide(actor, SITE | REVIEWER, abi.encodeCall(IDatasetRegistry.revoke, (id, 1, NOTE)))) {
            _revoked[id] = true;
            _reinstatements[id] = 0;
        }
    }

    function reinstate(uint256 actor, uint256 which) external timed {
        bytes32 id = _pick(versions, which);
        if (_decide(actor, REVIEWER, abi.encodeCall(IDatasetRegistry.reinstate, (id, 1, NOTE)))) {
            if (++_reinstatements[id] == 2) _revoked[id] = false;
        }
    }

    function replace(uint256 actor, uint256 which, uint256 successor) external timed {
        if (actor % 4 != 1) return;
        bytes32 id = _pick(versions, which);
        bytes memory act = successor % 2 == 0
            ? abi.encodeCall(IDatasetRegistry.retire, (id, 1, NOTE))
            : abi.encodeCall(IDatasetRegistry.supersede, (id, _pick(versions, successor), 1, NOTE));
        _decide(actor, SITE, act);
    }

    function openRun(uint256 actor, uint8 plan, uint256 participants, uint256 parent, uint16 round) external timed {
        address caller = _actor(actor, AGGREGATOR);
        ITrainingLedger.Opening memory opening =
            _opening(keccak256(abi.encode(plan % 16)), _mostly(participants) & consortium.members(SITE));
        opening.initialModel = keccak256(abi.encode("model", plan % 4, 0));
        if (parent % 2 == 0 && runs.length != 0) {
            opening.initialKind = ITrainingLedger.InitialKind.Parent;
            opening.parentRun = _pick(runs, parent);
            uint16 closed = training.run(opening.parentRun).rounds;
            opening.parentRound = closed == 0 ? round % 2 : 1 + round % closed;
            opening.initialModel = training.round(opening.parentRun, opening.parentRound).aggregate;
        }
        (bool done, bytes memory made) =
            _try(caller, address(training), abi.encodeCall(ITrainingLedger.openRun, (opening)));
        if (!done) return;
        bytes32 run = abi.decode(made, (bytes32));
        runs.push(run);
        (parentOf[run], forkOf[run]) = (opening.parentRun, opening.parentRound);
        _acted(caller, training.run(run).organisation);
        _freeze(address(training), abi.encodeCall(ITrainingLedger.round, (run, 0)));
    }

    function commitUpdate(uint256 actor, uint256 which, uint256 version, uint16 round) external timed {
        address caller = _actor(actor, SITE);
        bytes32 run = _pick(runs, which);
        round = round % 8 == 0 ? round : training.run(run).rounds + 1;
        bytes32 base = round == 0 ? NOTE : training.round(run, round - 1).aggregate;
        uint8 organisation = consortium.account(caller).organisation;
        bytes32 present = version % 16 == 0 ? bytes32(0) : training.leaf(run, round, organisation);
        bytes32 id = _pickOwn(version, organisation);
        bytes memory act = abi.encodeCall(
            ITrainingLedger.commitUpdate, (run, round, keccak256("update"), base, id, NOTE, present)
        );
        (bool done,) = _try(caller, address(training), act);
        if (!done) return;
        updates.push(Update(run, round, organisation, caller, id));
        _acted(caller, organisation);
    }

    function closeRound(uint256 actor, uint256 which, uint256 leftOut, uint8 aggregate) external timed {
        address caller = _actor(actor, AGGREGATOR);
        bytes32 run = _pick(runs, which);
        ITrainingLedger.Run memory found = training.run(run);
        uint16 round = found.rounds + 1;
        uint256 included = _present(run, round) & _mostly(leftOut);
        bytes32 model = keccak256(abi.encode("model", aggregate % 6, 1));
        bytes32 leaves = training.leavesHash(run, round, included);
        bytes memory act =
            abi.encodeCall(ITrainingLedger.closeRound, (run, round, model, included, leaves, NOTE));
        (bool done,) = _try(caller, address(training), act);
        if (!done) return;
        closings.push(Closed(run, round, included, training.round(run, round).hash, model));
        _acted(caller, found.organisation);
        _freeze(address(training), abi.encodeCall(ITrainingLedger.round, (run, round)));
        for (uint256 i = 0; i < _organisations.length; ++i) {
            _freeze(address(training), abi.encodeCall(ITrainingLedger.leaf, (run, round, _organisations[i])));
        }
    }

    function note(uint256 actor, uint256 which, uint16 round, uint256 kind) external timed {
        bytes32 run = _pick(runs, which);
        bytes memory act;
        uint256 role = SITE;
        if (kind % 64 == 0) act = abi.encodeCall(ITrainingLedger.abortRun, (run, 1, NOTE));
        else if (kind % 4 == 1) act = abi.encodeCall(ITrainingLedger.addParticipants, (run, kind & 3, NOTE));
        else if (kind % 4 == 2) act = abi.encodeCall(ITrainingLedger.dispute, (run, round % 4, 1, NOTE));
        else act = abi.encodeCall(ITrainingLedger.commitEvaluation, (run, round % 4, _pick(versions, kind), NOTE));
        if (kind % 64 == 0 || kind % 4 == 1) role = AGGREGATOR;
        _try(_actor(actor, role), address(training), act);
    }

    function release(uint256 actor, uint256 which, uint16 round, uint8 file) external timed {
        address caller = _actor(actor, RELEASER);
        bytes32 run = _pick(runs, which);
        uint16 closed = training.run(run).rounds;
        round = closed == 0 ? round % 3 : 1 + round % closed;
        bool sound = lowestOffender(run, round) == 0;
        bytes32 aggregate = training.round(run, round).aggregate;
        bytes32 digest = keccak256(abi.encode("file", file % 8));
        bytes memory act =
            abi.encodeCall(IModelRegistry.release, (run, round, aggregate, digest, keccak256("card"), NOTE));
        (bool done, bytes memory made) = _try(caller, address(models), act);
        if (!done) return;
        bytes32 id = abi.decode(made, (bytes32));
        releases.push(Released(id, run, round, digest, sound, false));
        _acted(caller, models.getRelease(id).organisation);
    }

    function withdraw(uint256 actor, uint256 which) external timed {
        if (releases.length == 0 || actor % 4 != 1) return;
        Released storage target = releases[which % releases.length];
        address caller = _actor(actor, RELEASER);
        (bool done,) =
            _try(caller, address(models), abi.encodeCall(IModelRegistry.withdraw, (target.id, 1, NOTE)));
        if (!done) return;
        target.withdrawn = true;
        _acted(caller, models.getRelease(target.id).organisation);
        _freeze(address(models), abi.encodeCall(IModelRegistry.getRelease, (target.id)));
    }

    function enrol(uint256 actor, uint256 which, uint256 organisation, uint8 roles) external timed {
        uint8 id = _organisations[organisation % 8];
        address caller = _anyone(actor);
        address account = _anyone(which);
        (bool done,) =
            _try(caller, address(consortium), abi.encodeCall(IConsortium.enrol, (id, account, roles, NOTE)));
        if (!done) return;
        if (caller != _rootNow[id]) ++impostors;
        _offeredBy[id][account] = caller;
    }

    function accept(uint256 actor, uint256 organisation, uint8 roles) external timed {
        uint8 id = _organisations[organisation % 8];
        address caller = _anyone(actor);
        if (actor % 2 == 0) roles = consortium.enrolment(id, caller).roles;
        (bool done,) = _try(caller, address(consortium), abi.encodeCall(IConsortium.accept, (id, roles)));
        if (!done) return;
        bool offered = _offeredBy[id][caller] != address(0) && _offeredBy[id][caller] == _rootNow[id];
        if (!offered || actsFor[caller] != 0) ++impostors;
        actsFor[caller] = uint256(id) + 1;
        _freezeAccount(caller);
    }

    function proposeRoot(uint256 actor, uint256 organisation, uint256 proposed) external timed {
        uint8 id = _organisations[organisation % 8];
        (address caller, address root) = (_anyone(actor), _anyone(proposed));
        (bool done,) =
            _try(caller, address(consortium), abi.encodeCall(IConsortium.proposeRoot, (id, root, NOTE)));
        if (!done) return;
        if (caller != _rootNow[id] && caller != ADMIN) ++impostors;
        _rootFrom[id][root] = caller == _rootNow[id] ? _clock : _clock + DELAY;
    }

    function acceptRoot(uint256 actor, uint256 organisation) external timed {
        uint8 id = _organisations[organisation % 8];
        address caller = _anyone(actor);
        (bool done,) = _try(caller, address(consortium), abi.encodeCall(IConsortium.acceptRoot, (id)));
        if (!done) return;
        bool due = _rootFrom[id][caller] != 0 && _rootFrom[id][caller] <= _clock;
        if (!due || actsFor[caller] != 0) ++impostors;
        _rootNow[id] = caller;
    }

    function endOrCompromise(uint256 actor, uint256 which, uint40 time) external timed {
        address account = _anyone(which);
        bytes memory act = time % 4 == 0
            ? abi.encodeCall(IConsortium.markCompromised, (account, _clock, NOTE))
            : abi.encodeCall(IConsortium.endAccount, (account, _clock + time % 4000, NOTE));
        if (which % 3 == 0) _try(_anyone(actor), address(consortium), act);
    }

    function suspend(uint256 organisation, uint8 kind) external timed {
        uint8 id = _organisations[organisation % 8];
        bool resumed = kind % 2 == 0;
        bytes memory act = resumed
            ? abi.encodeCall(IConsortium.resume, (id, NOTE))
            : abi.encodeCall(IConsortium.suspend, (id, NOTE));
        if (resumed || organisation % 5 == 0) _try(ADMIN, address(consortium), act);
    }

    // ---- the walk, over the facts written down here ----

    function standing(bytes32 version) public view returns (bool) {
        return _approvedOnce[version] && !_revoked[version];
    }

    /// @dev Lowest number of a version that flowed in and is not in standing; 0 for none.
    function lowestOffender(bytes32 run, uint16 round) public view returns (uint256 lowest) {
        while (run != 0) {
            for (uint256 i = 0; i < closings.length; ++i) {
                if (closings[i].run != run || closings[i].round > round) continue;
                uint256 found = _lowestOfRound(closings[i]);
                if (found != 0 && (lowest == 0 || found < lowest)) lowest = found;
            }
            (run, round) = (parentOf[run], forkOf[run]);
        }
    }

    function contractsUnderTest() external view returns (IModelRegistry) {
        return models;
    }

    function counts() external view returns (uint256[6] memory) {
        return
            [versions.length, runs.length, updates.length, closings.length, releases.length, _frozen.length];
    }

    /// @dev Index of the first fact that no longer reads as when it was written; the count when there is none.
    function firstChanged() external view returns (uint256 i) {
        while (i < _frozen.length && _frozen[i].part == _read(_frozen[i].target, _frozen[i].call)) ++i;
    }

    // ---- internal ----

    function _lowestOfRound(Closed storage closed) private view returns (uint256 lowest) {
        for (uint256 n = 0; n < _organisations.length; ++n) {
            uint8 organisation = _organisations[n];
            if ((closed.included >> organisation) & 1 == 0) continue;
            bytes32 version = _lastVersion(closed.run, closed.round, organisation);
            if (standing(version)) continue;
            uint256 number = registry.version(version).number;
            if (lowest == 0 || number < lowest) lowest = number;
        }
    }

    function _lastVersion(bytes32 run, uint16 round, uint8 organisation) private view returns (bytes32) {
        for (uint256 i = updates.length; i > 0; --i) {
            Update storage update = updates[i - 1];
            if (update.run == run && update.round == round && update.organisation == organisation) {
                return update.version;
            }
        }
        return 0;
    }

    function _present(bytes32 run, uint16 round) private view returns (uint256 organisations) {
        for (uint256 n = 0; n < _organisations.length; ++n) {
            if (training.leaf(run, round, _organisations[n]) != 0) organisations |= _bit(_organisations[n]);
        }
    }

    function _decide(uint256 actor, uint256 role, bytes memory act) private returns (bool done) {
        address caller = _actor(actor, role);
        (done,) = _try(caller, address(registry), act);
        if (done && actsFor[caller] == 0) ++impostors;
    }

    function _try(address caller, address target, bytes memory act) private returns (bool, bytes memory) {
        vm.prank(caller);
        return target.call(act);
    }

    /// @dev Every act is for the organisation that enrolled the account, by what was seen here.
    function _acted(address caller, uint8 organisation) private {
        if (actsFor[caller] != uint256(organisation) + 1) ++impostors;
    }

    function _freezeAccount(address account) private {
        _freeze(address(consortium), abi.encodeCall(IConsortium.account, (account)));
    }

    function _freeze(address target, bytes memory call) private {
        _frozen.push(Frozen(target, call, _read(target, call)));
    }

    /// @dev Of an account, what is written once; everything else whole.
    function _read(address target, bytes memory call) private view returns (bytes32) {
        (, bytes memory found) = target.staticcall(call);
        if (bytes4(call) != IConsortium.account.selector) return keccak256(found);
        IConsortium.Account memory account = abi.decode(found, (IConsortium.Account));
        return keccak256(abi.encode(account.acceptedAt, account.organisation, account.roles));
    }

    function _pick(bytes32[] storage from, uint256 seed) private view returns (bytes32) {
        return from.length == 0 ? bytes32(0) : from[seed % from.length];
    }

    /// @dev Mostly all bits.
    function _mostly(uint256 seed) private pure returns (uint256) {
        return seed % 4 == 0 ? seed : type(uint256).max;
    }

    /// @dev Mostly a version of the organisation's own.
    function _pickOwn(uint256 seed, uint8 organisation) private view returns (bytes32 id) {
        for (uint256 i = 0; i < versions.length && seed % 8 != 0; ++i) {
            id = versions[(seed + i) % versions.length];
            if (ownerOf[id] == organisation) return id;
        }
        return _pick(versions, seed);
    }

    /// @dev Three times of four an account with the role, so that histories grow; else anyone.
    function _actor(uint256 seed, uint256 role) private view returns (address) {
        if (seed % 4 == 0) return _anyone(seed);
        for (uint256 i = 0; i < 8; ++i) {
            uint8 organisation = _organisations[(seed / 4 + i) % 8];
            if (consortium.account(_account(organisation)).roles & role != 0) return _account(organisation);
        }
        return ADMIN;
    }

    function _anyone(uint256 seed) private view returns (address) {
        uint256 kind = (seed / 8) % 4;
        if (kind == 0) return _account(_organisations[seed % 8]);
        if (kind == 1) return _root(_organisations[seed % 8]);
        return kind == 2 ? ADMIN : address(uint160(0xF0 + seed % 4));
    }
}
