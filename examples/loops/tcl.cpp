// A Tcl command that counts a directory tree, for scripts whose other events go on meanwhile.
// Build: g++ -std=c++23 tcl.cpp $(pkg-config --cflags --libs aiopp tcl)
#include "tree_count.hpp"

#include <aio/loop/tcl.hpp>

#include <cstdio>

const char script[] = R"(
    set ticks 0
    proc tick {} {
        incr ::ticks
        set ::counted [count_done]
        if {!$::counted} {after 1 tick}
    }
    tick
    while {!$counted} {vwait counted}
    puts "[count_result], $ticks ticks"
)";

int done(ClientData count, Tcl_Interp* tcl, int, Tcl_Obj* const*) {
    Tcl_SetObjResult(tcl, Tcl_NewBooleanObj(static_cast<tree_count*>(count)->done()));
    return TCL_OK;
}
int counted(ClientData data, Tcl_Interp* tcl, int, Tcl_Obj* const*) {
    auto& count = *static_cast<tree_count*>(data);
    std::string text =
        std::to_string(count.entries) + " entries in " + std::to_string(count.directories) + " directories";
    Tcl_SetObjResult(tcl, Tcl_NewStringObj(text.c_str(), -1));
    return TCL_OK;
}

int main(int argc, char** argv) {
    Tcl_FindExecutable(argv[0]);
    Tcl_Interp* tcl = Tcl_CreateInterp();
    int status = TCL_OK;
    {
        aio::context io;
        aio::loop::tcl files(io);
        tree_count count(io, argc > 1 ? argv[1] : "/usr/include");
        Tcl_CreateObjCommand(tcl, "count_done", done, &count, nullptr);
        Tcl_CreateObjCommand(tcl, "count_result", counted, &count, nullptr);
        status = Tcl_Eval(tcl, script);
        if (status != TCL_OK) std::fprintf(stderr, "%s\n", Tcl_GetStringResult(tcl));
    }
    Tcl_DeleteInterp(tcl);
    Tcl_Finalize();
    return status;
}
