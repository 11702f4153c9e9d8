Feature: What a till tells of a chip
  The issuer needs what the chip said, and nothing that is told elsewhere; the guest needs a slip that can be looked up.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @TCH-001 @host-control
  Scenario: Field 55 holds what the issuer judges a chip by, and no card number
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st sale say
      | tag  | value            |
      | 9F26 | *                |
      | 9F27 | 80               |
      | 9F10 | *                |
      | 9F37 | *                |
      | 9F36 | *                |
      | 95   | 0000048000       |
      | 9A   | *                |
      | 9C   | 00               |
      | 9F02 | 000000001000     |
      | 5F2A | 0156             |
      | 82   | 3D00             |
      | 9F1A | 0156             |
      | 9F03 | 000000000000     |
      | 9F33 | *                |
      | 9F34 | 420300           |
      | 9F35 | 22               |
      | 9F1E | *                |
      | 84   | A000000333010101 |
      | 9F09 | *                |
      | 5A   |                  |
      | 57   |                  |
      | 5F20 |                  |
    And Carol's card holds 990.00 CNY

  @TCH-002 @unionpay @host-control
  Scenario: The chip hears that a deposit is none of its sales
    When Carol leaves a deposit of 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st pre-auth say
      | tag | value |
      | 9C  | 03    |

  @TCH-003 @host-control
  Scenario: A PIN that the chip compares goes no further
    Given Carol's chip holds
      | tag | value                    |
      | 8E  | 000000000000000041031E03 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the cardholder verification of the 1st sale says "plaintext PIN by the card; successful"
    And the 1st sale carries
      | field | value |
      | pin   |       |

  @TCH-004 @host-control
  Scenario: The slip tells what the chip said
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line            | value            |
      | SLIP_AID        | A000000333010101 |
      | SLIP_LABEL      | UNIONPAY DEBIT   |
      | SLIP_CRYPTOGRAM | TC               |
      | SLIP_TVR        | 0000048000       |
      | SLIP_TSI        | F800             |
      | SLIP_ATC        | *                |

  @TCH-005 @host-control
  Scenario: A slip whose PIN was entered is signed by nobody
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line           | value |
      | SLIP_SIGNATURE |       |

  @TCH-005 @host-control
  Scenario: A slip is signed where the chip wants a signature
    Given Carol's chip holds
      | tag | value                |
      | 8E  | 00000000000000001E03 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the cardholder verification of the 1st sale says "signature; unknown"
    And the merchant copy of "T1" has
      | line           | value |
      | SLIP_SIGNATURE | *     |
