#include "ireneo/memo/lineage.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// Finds calls by their results.
class SourceIndex {
 public:
  void Add(const CallRecord& record) {
    calls_[record.result][{record.function, record.result_type}].push_back(
        {.key = record.key,
         .start = record.created_at - record.elapsed,
         .end = record.created_at});
  }

  // Behind the last `Add`.
  void Sort() {
    for (auto& [result, functions] : calls_) {
      for (auto& [function, calls] : functions) {
        std::sort(calls.begin(), calls.end(),
                  [](const Candidate& a, const Candidate& b) {
                    return std::tie(a.end, b.key) < std::tie(b.end, a.key);
                  });
      }
    }
  }

  std::vector<ArgumentSource> Find(const CallRecord& call,
                                   std::size_t i) const {
    const ArgumentRecord& argument = call.arguments[i];
    const auto functions = calls_.find(argument.digest);
    if (functions == calls_.end()) return {};
    std::vector<ArgumentSource> sources;
    for (const auto& [function, candidates] : functions->second) {
      const auto& [name, type] = function;
      if (type != argument.type) continue;
      const Candidate* const source = Choose(candidates, call);
      if (source == nullptr) continue;
      const bool has_itself = call.result == argument.digest &&
                              call.function == name && call.result_type == type;
      sources.push_back(
          {.key = source->key,
           .function = name,
           .others = static_cast<std::int64_t>(candidates.size()) - 1 -
                     (has_itself ? 1 : 0)});
    }
    return sources;
  }

 private:
  // A call, and when it was computed.
  struct Candidate {
    Digest key;
    absl::Time start;
    absl::Time end;
  };

  // The last of `candidates` that was there when `call` was computed; else, as
  // a result may have been computed anew since, the last that was begun after
  // that and was there at the last hit. What was computed while `call` was,
  // around it or inside of it, is not where its argument comes from.
  static const Candidate* Choose(const std::vector<Candidate>& candidates,
                                 const CallRecord& call) {
    const auto end_by = [&](absl::Time time) {
      return std::upper_bound(
          candidates.begin(), candidates.end(), time,
          [](absl::Time t, const Candidate& c) { return t < c.end; });
    };
    // Clocks are adjusted while a call is computed.
    const absl::Duration inaccuracy =
        call.elapsed / 2000 + absl::Microseconds(2);
    const absl::Time start = call.created_at - call.elapsed + inaccuracy;
    for (auto it = end_by(start); it != candidates.begin();) {
      --it;
      if (it->key != call.key) return &*it;
    }
    for (auto it = end_by(call.last_used_at); it != candidates.begin();) {
      --it;
      if (it->end < call.created_at) break;
      if (it->key != call.key && it->start >= call.created_at) return &*it;
    }
    return nullptr;
  }

  // By result, then by function and type.
  absl::flat_hash_map<Digest, std::map<std::pair<std::string, std::string>,
                                       std::vector<Candidate>>>
      calls_;
};

// Gathers nodes and edges in any order.
class Builder {
 public:
  Builder(const MemoStore& store, const SourceIndex& sources)
      : store_(store), sources_(sources) {}

  void Add(CallRecord record) {
    const Digest key = record.key;
    if (!known_.try_emplace(key, nodes_.size()).second) return;
    nodes_.push_back({.key = key, .record = std::move(record)});
  }

  // Adds all that the nodes come from.
  absl::Status Complete() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].record.has_value()) continue;
      // A copy: adding nodes moves them.
      const CallRecord record = *nodes_[i].record;
      for (const Digest& callee : record.callees) {
        IRENEO_ASSIGN_OR_RETURN(const std::size_t to, NodeOf(callee));
        edges_.push_back(
            {.kind = LineageEdge::Kind::kCall, .from = i, .to = to});
      }
      for (std::size_t argument = 0; argument < record.arguments.size();
           ++argument) {
        for (const ArgumentSource& source : sources_.Find(record, argument)) {
          IRENEO_ASSIGN_OR_RETURN(const std::size_t from, NodeOf(source.key));
          edges_.push_back({.kind = LineageEdge::Kind::kData,
                            .from = from,
                            .to = i,
                            .argument = argument,
                            .others = source.others});
        }
      }
    }
    return absl::OkStatus();
  }

  Lineage Sorted() && {
    std::vector<std::size_t> order(nodes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto created = [&](std::size_t i) {
      return nodes_[i].record.has_value() ? nodes_[i].record->created_at
                                          : absl::InfiniteFuture();
    };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(created(a), nodes_[a].key) <
             std::pair(created(b), nodes_[b].key);
    });
    Lineage lineage;
    std::vector<std::size_t> position(nodes_.size());
    for (const std::size_t i : order) {
      position[i] = lineage.nodes.size();
      lineage.nodes.push_back(std::move(nodes_[i]));
    }
    for (LineageEdge& edge : edges_) {
      edge.from = position[edge.from];
      edge.to = position[edge.to];
    }
    std::sort(edges_.begin(), edges_.end(),
              [](const LineageEdge& a, const LineageEdge& b) {
                return std::tie(a.from, a.kind, a.to, a.argument) <
                       std::tie(b.from, b.kind, b.to, b.argument);
              });
    lineage.edges = std::move(edges_);
    return lineage;
  }

 private:
  absl::StatusOr<std::size_t> NodeOf(const Digest& key) {
    const auto [it, is_new] = known_.try_emplace(key, nodes_.size());
    if (!is_new) return it->second;
    LineageNode node{.key = key};
    absl::StatusOr<CallRecord> record = store_.FindCall(key);
    if (record.ok()) {
      node.record = *std::move(record);
    } else if (!absl::IsNotFound(record.status())) {
      return record.status();
    }
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  const MemoStore& store_;
  const SourceIndex& sources_;
  absl::flat_hash_map<Digest, std::size_t> known_;
  std::vector<LineageNode> nodes_;
  std::vector<LineageEdge> edges_;
};

}  // namespace

absl::StatusOr<Lineage> FindLineage(const MemoStore& store,
                                    const CallFilter& filter) {
  IRENEO_ASSIGN_OR_RETURN(std::vector<CallRecord> calls, store.Calls(filter));
  SourceIndex sources;
  IRENEO_RETURN_IF_ERROR(
      store.state().index().ForEachRecord({}, [&](CallRecord&& record) {
        sources.Add(record);
        return true;
      }));
  sources.Sort();
  Builder builder(store, sources);
  for (CallRecord& call : calls) builder.Add(std::move(call));
  IRENEO_RETURN_IF_ERROR(builder.Complete());
  return std::move(builder).Sorted();
}

absl::StatusOr<std::vector<ArgumentSource>> FindArgumentSources(
    const MemoStore& store, const CallRecord& call, std::size_t i) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<CallRecord> calls,
                          store.Calls({.result = call.arguments[i].digest}));
  SourceIndex sources;
  for (const CallRecord& record : calls) sources.Add(record);
  sources.Sort();
  return sources.Find(call, i);
}

}  // namespace ireneo
