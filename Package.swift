// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "hydron",
    products: [
        .executable(name: "hydron", targets: ["HydronCLI"]),
        .library(name: "Hydron", targets: ["Hydron"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
    ],
    targets: [
        .systemLibrary(name: "CSuiteSparse", providers: [.apt(["libsuitesparse-dev"])]),
        .systemLibrary(name: "COSDI"),
        .systemLibrary(name: "CPrefetch"),
        .target(name: "LargeMemory"),
        .target(name: "SpiceNetlist", dependencies: ["LargeMemory"]),
        .target(
            name: "SparseSolvers",
            dependencies: [
                "CSuiteSparse", "LargeMemory", .product(name: "ComplexModule", package: "swift-numerics"),
            ]),
        .target(name: "Waveforms"),
        .target(
            name: "Hydron",
            dependencies: [
                "SpiceNetlist", "SparseSolvers", "Waveforms", "LargeMemory", "COSDI", "CPrefetch",
                .product(name: "ComplexModule", package: "swift-numerics"),
            ]),
        .target(
            name: "HydronTools",
            dependencies: [
                "Hydron", "SpiceNetlist", "SparseSolvers", "Waveforms",
                .product(name: "ComplexModule", package: "swift-numerics"),
            ]),
        .executableTarget(
            name: "HydronCLI",
            dependencies: [
                "Hydron", "HydronTools", "SparseSolvers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(
            name: "HydronTestSupport", dependencies: ["Hydron", "SpiceNetlist", "Waveforms"],
            path: "Tests/HydronTestSupport"),
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        .testTarget(name: "SpiceNetlistTests", dependencies: ["SpiceNetlist"]),
        .testTarget(name: "SparseSolversTests", dependencies: ["SparseSolvers"]),
        .testTarget(name: "WaveformsTests", dependencies: ["Waveforms"]),
        .testTarget(name: "HydronTests", dependencies: ["Hydron", "HydronTestSupport", "AllocationCounter"]),
        .testTarget(name: "HydronToolsTests", dependencies: ["Hydron", "HydronTools", "SpiceNetlist", "Waveforms"]),
        .testTarget(
            name: "RegressionTests",
            dependencies: ["Hydron", "HydronTools", "HydronTestSupport", "SpiceNetlist", "Waveforms"],
            exclude: ["Demonstration", "spicelib_drives_hydron.py"]),
    ],
    swiftLanguageModes: [.v6]
)
