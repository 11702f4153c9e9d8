Feature: Receipts
  The slip is the cardholder's proof and, months later, the merchant's only one. It must say enough to find the payment and
  too little to copy the card.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SWP-016
  Scenario: Both copies tell the payment
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And "T1" prints 2 receipts
    And the merchant copy of "T1" has
      | line          | value            |
      | SLIP_MERCHANT | Noodle House     |
      | SLIP_CARD     | 620012******8862 |
      | SLIP_TRACE    | 000002           |
      | SLIP_BATCH    | 000001           |
      | SLIP_AMOUNT   | 10.00 CNY        |
    And the customer copy of "T1" has
      | line          | value            |
      | SLIP_MERCHANT | Noodle House     |
      | SLIP_CARD     | 620012******8862 |
      | SLIP_TRACE    | 000002           |
      | SLIP_BATCH    | 000001           |
      | SLIP_AMOUNT   | 10.00 CNY        |

  @SWP-016
  Scenario: The slip names the authorization by which the issuer finds the payment
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the answer to the 1st sale carries
      | field     | value |
      | rrn       | *     |
      | auth_code | *     |
    And the customer copy of "T1" has
      | line      | value |
      | SLIP_RRN  | *     |
      | SLIP_AUTH | *     |

  @SWP-016
  Scenario: A declined sale prints no slip
    When Frank swipes 10.00 CNY at "T1"
    Then "T1" shows CARD_EXPIRED
    And "T1" prints no receipts

  @SWP-017
  Scenario: A second print says that it is one
    Given Bob has paid 10.00 CNY at "T1"
    When the cashier prints the last receipt again at "T1"
    Then the customer copy of "T1" is marked as a reprint
    And no message went to the host
    And Bob's card holds 4990.00 CNY

  @SWP-018
  Scenario: A slip that finds no paper waits for the new roll
    Given "T1" is out of paper
    When Bob swipes 10.00 CNY at "T1"
    And "T1" has new paper
    Then "T1" shows APPROVED
    And "T1" shows PAPER_OUT
    And "T1" prints 2 receipts
    And the customer copy of "T1" has
      | line       | value  |
      | SLIP_TRACE | 000002 |
    And Bob's card holds 4990.00 CNY

  @SWP-018
  Scenario: The roll may end while the host is asked
    Given "T1" runs out of paper right after sending the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" shows PAPER_OUT
    And "T1" prints no receipts
    And the host has the 1st sale as approved
    And Bob's card holds 4990.00 CNY
